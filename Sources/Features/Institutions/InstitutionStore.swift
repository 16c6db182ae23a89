import Storage

/// The rows of institutions. These belong to no institution, so no scope narrows them: `InstitutionsService` lets only
/// superusers ask, and `SessionsService` asks whether one exists.
package struct InstitutionStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    package func find(_ id: ID<Institution>) throws -> Institution? {
        try connection.queryOne("SELECT id, name, created_at FROM institutions WHERE id = \(id)").map(Institution.init)
    }

    func list(limit: Int) throws -> [Institution] {
        try connection.query(
            "SELECT id, name, created_at FROM institutions ORDER BY created_at DESC, id DESC LIMIT \(limit)"
        ).map(Institution.init)
    }

    func insert(_ institution: Institution) throws {
        try connection.execute(
            """
            INSERT INTO institutions (id, name, created_at)
            VALUES (\(institution.id), \(institution.name), \(institution.createdAt))
            """)
    }

    func rename(_ id: ID<Institution>, _ name: String) throws {
        try connection.execute("UPDATE institutions SET name = \(name) WHERE id = \(id)")
    }
}

extension Institution {
    init(_ row: SQLRow) throws {
        id = try row.get("id")
        name = try row.get("name")
        createdAt = try row.get("created_at")
    }
}
