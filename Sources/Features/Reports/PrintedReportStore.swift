import Kernel
import Storage

/// The rows of reports' PDFs: inserted and read, never changed.
struct PrintedReportStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// The caller must check that `scope` may see the report; its blob must be in the store.
    ///
    /// - Throws: an error that `isPrinted` recognises if another process has printed this revision first.
    func insert(
        _ scope: Scope, of report: Report, _ blob: StagedBlob, revision: Int, status: Report.Status, at now: Timestamp
    ) throws {
        try BlobRowStore(connection).insert(scope, blob, case: report.caseID, at: now)
        try connection.execute(
            """
            INSERT INTO report_pdfs
                (id, institution_id, report_id, revision, unique_revision, status, blob_id, created_by, created_at)
            VALUES (\(ID<PrintedReport>()), \(scope.institution), \(report.id), \(revision), \(revision), \(status),
                \(blob.key), \(scope.user), \(now))
            """)
    }

    /// Whether a row was rejected because the revision already has a PDF.
    static func isPrinted(_ error: any Error) -> Bool {
        (error as? DatabaseError)?.constraint == "uq_report_pdfs_report_id_unique_revision"
    }

    /// Newest first; the caller must check that `scope` may see the report.
    func list(_ scope: Scope, of id: ID<Report>) throws -> [PrintedReport] {
        try connection.query(
            """
            SELECT d.*, b.size, b.sha256, u.first_name, u.last_name
            FROM report_pdfs d
            JOIN blobs b ON b.institution_id = d.institution_id AND b.id = d.blob_id
            JOIN users u ON u.institution_id = d.institution_id AND u.id = d.created_by
            WHERE d.institution_id = \(scope.institution) AND d.report_id = \(id)
            ORDER BY d.created_at DESC, d.id DESC
            """
        ).map(PrintedReport.init)
    }

    /// The name of the caller's institution, for the page header.
    func institutionName(_ scope: Scope) throws -> String {
        try connection.queryOne("SELECT name FROM institutions WHERE id = \(scope.institution)")?.get("name") ?? ""
    }
}
