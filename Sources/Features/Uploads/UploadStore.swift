import Kernel
import Storage

/// The rows of resumable uploads.
struct UploadStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// The caller must have checked that `scope` may upload to the case.
    func insert(_ scope: Scope, _ upload: CaseUpload) throws {
        try connection.execute(
            """
            INSERT INTO case_uploads
                (id, institution_id, case_id, created_by, modality, filename, size, created_at, expires_at,
                is_forced)
            VALUES (\(upload.id), \(scope.institution), \(upload.caseID), \(scope.user), \(upload.modality),
                \(upload.filename), \(upload.size), \(upload.createdAt), \(upload.expiresAt),
                \(upload.isForced))
            """)
    }

    /// Returns `nil` if the upload does not exist or has expired, or if `scope` may not upload to its case.
    func find(_ scope: Scope, _ id: UploadID, case caseID: CaseID, at now: Timestamp) throws -> CaseUpload? {
        try connection.queryOne(
            """
            SELECT p.* FROM case_uploads p
            JOIN cases c ON c.institution_id = p.institution_id AND c.id = p.case_id
            WHERE p.id = \(id) AND p.case_id = \(caseID) AND p.expires_at > \(now)
                AND \(CaseStore.visible(scope, for: .uploadImage))
            """
        ).map(CaseUpload.init)
    }

    /// The number of uploads in progress for a case.
    func openCount(_ scope: Scope, case id: CaseID, at now: Timestamp) throws -> Int {
        try connection.queryOne(
            """
            SELECT COUNT(*) AS number FROM case_uploads
            WHERE institution_id = \(scope.institution) AND case_id = \(id) AND completed_at IS NULL
                AND expires_at > \(now)
            """
        )?.get("number") ?? 0
    }

    func complete(_ scope: Scope, _ id: UploadID, at now: Timestamp) throws {
        try connection.execute(
            """
            UPDATE case_uploads SET completed_at = \(now)
            WHERE institution_id = \(scope.institution) AND id = \(id)
            """)
    }

    func delete(_ scope: Scope, _ id: UploadID) throws {
        try connection.execute(
            "DELETE FROM case_uploads WHERE institution_id = \(scope.institution) AND id = \(id)")
    }

    /// Deletes expired uploads of all institutions. The operator's maintenance.
    func deleteExpired(at now: Timestamp) throws -> [UploadID] {
        try connection.query("DELETE FROM case_uploads WHERE expires_at <= \(now) RETURNING id").map {
            try $0.get("id")
        }
    }

    /// Whether a row of any institution references this upload. For the sweep only.
    func isNamed(_ id: UploadID) throws -> Bool {
        try connection.queryOne("SELECT 1 AS one FROM case_uploads WHERE id = \(id)") != nil
    }
}

extension CaseUpload {
    fileprivate init(_ row: SQLRow) throws {
        id = try row.get("id")
        institution = try row.get("institution_id")
        caseID = try row.get("case_id")
        createdBy = try row.get("created_by")
        modality = try row.get("modality")
        filename = try row.get("filename")
        size = try row.get("size")
        createdAt = try row.get("created_at")
        expiresAt = try row.get("expires_at")
        isForced = try row.get("is_forced")
        completedAt = try row.optional("completed_at")
    }
}
