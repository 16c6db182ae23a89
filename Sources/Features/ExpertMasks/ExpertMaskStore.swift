import Foundation
import Imaging
import Kernel
import Storage

/// The rows of expert masks.
struct ExpertMaskStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    private static let selection: SQL = """
        SELECT m.*, r.task_id, j.status, j.error_message, u.first_name, u.last_name
        FROM expert_masks m
        JOIN results r ON r.institution_id = m.institution_id AND r.id = m.result_id
        JOIN jobs j ON j.institution_id = m.institution_id AND j.id = m.job_id
        JOIN users u ON u.institution_id = m.institution_id AND u.id = m.uploaded_by
        """

    /// An inspected mask in the blob store.
    struct Draft: Sendable {
        let id: ID<ExpertMask>
        var blob: StagedBlob
        let sequence: MRISequence
        let convention: LabelConvention
    }

    /// The caller must check that `scope` may give feedback on the result.
    func insert(_ scope: Scope, _ draft: Draft, on result: CaseResult, job: ID<JobRecord>, at now: Timestamp) throws {
        try BlobRowStore(connection).insert(scope, draft.blob, case: result.caseID, at: now)
        try connection.execute(
            """
            INSERT INTO expert_masks
                (id, institution_id, case_id, result_id, job_id, blob_id, sequence, convention, uploaded_by, uploaded_at)
            VALUES (\(draft.id), \(scope.institution), \(result.caseID), \(result.id), \(job), \(draft.blob.key),
                \(draft.sequence), \(draft.convention), \(scope.user), \(now))
            """)
    }

    /// The caller must check that `scope` may see the case.
    func find(_ scope: Scope, _ id: ID<ExpertMask>, case caseID: CaseID) throws -> ExpertMask? {
        try connection.queryOne(
            """
            \(Self.selection)
            WHERE m.institution_id = \(scope.institution) AND m.case_id = \(caseID) AND m.id = \(id)
            """
        ).map(ExpertMask.init)
    }

    /// For a worker, across institutions; `nil` if its case has been deleted.
    func find(asWorker id: ID<ExpertMask>) throws -> ExpertMask? {
        try connection.queryOne("\(Self.selection) WHERE m.id = \(id)").map(ExpertMask.init)
    }

    /// Newest first; the caller must check that `scope` may see the case.
    func list(_ scope: Scope, case id: CaseID) throws -> [ExpertMask] {
        try connection.query(
            """
            \(Self.selection) WHERE m.institution_id = \(scope.institution) AND m.case_id = \(id)
            ORDER BY m.uploaded_at DESC, m.id DESC LIMIT \(Window.plainLimit)
            """
        ).map(ExpertMask.init)
    }

    /// For the worker that compared the masks.
    func set(asWorker agreement: [TumourRegion: RegionAgreement], of id: ID<ExpertMask>) throws {
        let json = String(decoding: try JSONEncoder().encode(agreement), as: UTF8.self)
        try connection.execute("UPDATE expert_masks SET agreement_json = \(json) WHERE id = \(id)")
    }
}

extension ExpertMask {
    fileprivate init(_ row: SQLRow) throws {
        id = try row.get("id")
        institution = try row.get("institution_id")
        caseID = try row.get("case_id")
        resultID = try row.get("result_id")
        task = try row.get("task_id")
        job = try row.get("job_id")
        blob = try row.get("blob_id")
        sequence = try row.get("sequence")
        convention = try row.get("convention")
        status = try row.get("status")
        errorMessage = status == .failed ? try row.optional("error_message") : nil
        uploadedBy = try row.get("uploaded_by")
        author = "\(try row.get("first_name", as: String.self)) \(try row.get("last_name", as: String.self))".trimmed
        uploadedAt = try row.get("uploaded_at")
        agreement = try row.optional("agreement_json", as: String.self).map { json in
            do {
                return try JSONDecoder().decode([TumourRegion: RegionAgreement].self, from: Data(json.utf8))
            } catch {
                throw DatabaseError(.decoding, "Column agreement_json holds no agreement of this version.")
            }
        }
    }
}
