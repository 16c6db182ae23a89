import Kernel
import Storage

/// The rows of institutions. No scope applies: `InstitutionsService` admits only superusers, and `SessionsService` only
/// checks whether one exists.
package struct InstitutionStore {
    private let connection: any DatabaseConnection

    private static let columns = "id, name, created_at, quota_bytes, revision"

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    package func find(_ id: InstitutionID) throws -> Institution? {
        try connection.queryOne("SELECT \(raw: Self.columns) FROM institutions WHERE id = \(id)").map(Institution.init)
    }

    func list(limit: Int) throws -> [Institution] {
        try connection.query(
            "SELECT \(raw: Self.columns) FROM institutions ORDER BY created_at DESC, id DESC LIMIT \(limit)"
        ).map(Institution.init)
    }

    func insert(_ institution: Institution) throws {
        try connection.execute(
            """
            INSERT INTO institutions (id, name, created_at)
            VALUES (\(institution.id), \(institution.name), \(institution.createdAt))
            """)
    }

    /// Locks the row until this transaction ends, so that no concurrent change is lost.
    func lock(_ id: InstitutionID) throws {
        try connection.execute("UPDATE institutions SET revision = revision WHERE id = \(id)")
    }

    func update(_ institution: Institution) throws {
        try connection.execute(
            """
            UPDATE institutions SET name = \(institution.name), quota_bytes = \(institution.quotaBytes),
                revision = \(institution.revision)
            WHERE id = \(institution.id)
            """)
    }
}

extension Institution {
    init(_ row: SQLRow) throws {
        id = try row.get("id")
        name = try row.get("name")
        createdAt = try row.get("created_at")
        quotaBytes = try row.optional("quota_bytes")
        revision = try row.get("revision")
    }
}
