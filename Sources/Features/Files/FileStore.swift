import Kernel
import Storage

/// The rows behind file URLs.
struct FileStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// The current scope of a URL's holder. Returns `nil` if the session has ended, the account is closed, or a
    /// superuser may no longer act in that institution.
    func scope(of holder: FileGrant.Holder, origin: RequestOrigin) throws -> Scope? {
        guard let scope = try SessionStore(connection).principal(holder.session, origin: origin)?.scope,
            scope.user == holder.user
        else { return nil }
        if scope.home == holder.institution { return scope }
        return scope.isSuperuser ? scope.visiting(holder.institution) : nil
    }

    /// Returns `nil` if the file does not exist or `scope` may not perform the grant's action on its case.
    func find(_ grant: FileGrant, _ scope: Scope) throws -> StoredFile? {
        let visible = CaseStore.visible(scope, for: grant.kind.action)
        return switch grant.kind {
        case .image: try image(grant, visible)
        case .result: try resultFile(grant, visible)
        case .report: try printedReport(grant, visible)
        }
    }

    /// The case that a file belongs to. Returns `nil` if `scope` may not see it.
    func caseID(_ scope: Scope, _ kind: FileGrant.Kind, _ object: ID<StoredFile>) throws -> CaseID? {
        return try connection.queryOne(
            """
            SELECT c.id FROM \(raw: Self.files(kind))
            WHERE f.id = \(object) AND \(CaseStore.visible(scope, for: kind.action))
            """
        )?.get("id")
    }

    /// The file rows as `f`, joined with their cases as `c`.
    private static func files(_ kind: FileGrant.Kind) -> String {
        switch kind {
        case .image: "series f JOIN cases c ON c.study_id = f.study_id"
        case .result: "result_files f JOIN results h ON h.id = f.result_id JOIN cases c ON c.id = h.case_id"
        case .report: "report_pdfs f JOIN reports h ON h.id = f.report_id JOIN cases c ON c.id = h.case_id"
        }
    }

    private func image(_ grant: FileGrant, _ visible: SQL) throws -> StoredFile? {
        try connection.queryOne(
            """
            SELECT s.role, s.original_filename, s.file_format, f.blob_id, b.size, b.sha256
            FROM series s JOIN series_blobs f ON f.series_id = s.id AND f.position = 1
            JOIN blobs b ON b.institution_id = f.institution_id AND b.id = f.blob_id
            JOIN cases c ON c.study_id = s.study_id
            WHERE s.institution_id = \(grant.holder.institution) AND s.id = \(grant.object) AND \(visible)
            """
        ).map { row in
            let role: String = try row.get("role")
            let format: ImageFormat? = try row.optional("file_format")
            let ending = try format ?? ImageFormat(named: row.get("original_filename"))
            var file = try StoredFile(row, name: "\(role).\(ending.rawValue)")
            file.isUnstripped = format == nil
            return file
        }
    }

    private func printedReport(_ grant: FileGrant, _ visible: SQL) throws -> StoredFile? {
        try connection.queryOne(
            """
            SELECT d.blob_id, b.size, b.sha256
            FROM report_pdfs d JOIN blobs b ON b.institution_id = d.institution_id AND b.id = d.blob_id
            JOIN reports p ON p.id = d.report_id
            JOIN cases c ON c.id = p.case_id
            WHERE d.institution_id = \(grant.holder.institution) AND d.id = \(grant.object) AND \(visible)
            """
        ).map { try StoredFile($0, name: "report.pdf") }
    }

    private func resultFile(_ grant: FileGrant, _ visible: SQL) throws -> StoredFile? {
        try connection.queryOne(
            """
            SELECT f.name, f.blob_id, b.size, b.sha256
            FROM result_files f JOIN blobs b ON b.institution_id = f.institution_id AND b.id = f.blob_id
            JOIN results r ON r.id = f.result_id
            JOIN cases c ON c.id = r.case_id
            WHERE f.institution_id = \(grant.holder.institution) AND f.id = \(grant.object) AND \(visible)
            """
        ).map { row in
            let name: String = try row.get("name")
            return try StoredFile(row, name: name.replacing("/", with: "-"))
        }
    }
}

extension StoredFile {
    fileprivate init(_ row: SQLRow, name: String) throws {
        self.init(
            name: name, blob: try row.get("blob_id"), size: try row.get("size"), sha256: try row.get("sha256"))
    }
}
