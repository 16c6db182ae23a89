import Kernel
import Storage

/// The rows of deleted cases past the retention period, across institutions: only for the operator's maintenance.
struct CasePurgeStore {
    private let connection: any DatabaseConnection
    private let contents: CaseContents

    init(_ connection: any DatabaseConnection, _ contents: CaseContents) {
        self.connection = connection
        self.contents = contents
    }

    /// A deleted case.
    struct Deleted: Sendable {
        let id: CaseID
        let institution: InstitutionID
    }

    /// The files of a purged case in the file stores.
    struct Leftovers: Sendable {
        let blobs: [BlobKey]
        let uploads: [UploadID]
    }

    /// Cases deleted before `time`, oldest first; excludes cases that a worker still works on.
    func due(before time: Timestamp, limit: Int) throws -> [Deleted] {
        try connection.query(
            """
            SELECT c.id, c.institution_id FROM cases c
            WHERE c.deleted_at IS NOT NULL AND c.deleted_at < \(time) \(SQL.joined(contents.jobTables.map(Self.isIdle), by: ""))
            ORDER BY c.deleted_at LIMIT \(limit)
            """
        ).map { Deleted(id: try $0.get("id"), institution: try $0.get("institution_id")) }
    }

    private static func isIdle(_ table: SQL) -> SQL {
        """
         AND NOT EXISTS (
            SELECT 1 FROM \(table) w JOIN jobs j ON j.id = w.job_id
            WHERE w.case_id = c.id AND j.status IN \(list: JobStatus.notOver))
        """
    }

    /// Removes the case and its related objects, except for its audit trail; `nil` if it has been restored in the
    /// meantime.
    func purge(_ item: Deleted, deletedBefore time: Timestamp) throws -> Leftovers? {
        let blobs: [BlobKey] = try ids("SELECT id FROM blobs WHERE case_id = \(item.id)")
        let uploads: [UploadID] = try ids("SELECT id FROM case_uploads WHERE case_id = \(item.id)")
        let jobs: [ID<JobRecord>] = try contents.jobTables.flatMap { table in
            try ids("SELECT job_id AS id FROM \(table) WHERE case_id = \(item.id) AND job_id IS NOT NULL")
        }
        let studies: [ID<ImagingStudy>] = try ids("SELECT study_id AS id FROM cases WHERE id = \(item.id)")
        try BlobRowStore(connection).subtract(institution: item.institution, case: item.id)
        let removed = try connection.execute(
            "DELETE FROM cases WHERE id = \(item.id) AND deleted_at IS NOT NULL AND deleted_at < \(time)")
        guard removed == 1 else { return nil }
        for study in studies { try StudyStore(connection).delete(asWorker: study) }
        try connection.execute(
            """
            DELETE FROM jobs
            WHERE id IN \(list: jobs) AND institution_id = \(item.institution)
                AND status NOT IN \(list: JobStatus.notOver)
            """)
        return Leftovers(blobs: blobs, uploads: uploads)
    }

    private func ids<Value: SQLConvertible>(_ statement: SQL) throws -> [Value] {
        try connection.query(statement).map { try $0.get("id") }
    }
}

extension JobStatus {
    fileprivate static let notOver = JobStatus.allCases.filter { !$0.isOver }
}
