import Foundation

/// Compares a database's tables with those of the migrations, to detect manual changes.
package enum SchemaDrift {
    /// One sentence per difference; empty if every table has the expected columns.
    package static func find(in database: any Database) async throws -> [String] {
        let present = try await columns(of: database)
        let dialect = try await database.read { $0.dialect }
        let expected = try await expectedColumns().filter { dialect == .sqlite || !$0.hasPrefix(onlySQLite) }
        let missing = expected.subtracting(present).sorted().map { "\($0) is missing" }
        let added = present.subtracting(expected).sorted().map { "\($0) is in no migration" }
        return missing + added
    }

    /// The columns of the one table that PostgreSQL does not need.
    private static let onlySQLite = "notifications."

    /// The result of the migrations on an empty database.
    private static func expectedColumns() async throws -> Set<String> {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("schema-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("model.sqlite3").path
        let model = try SQLiteDatabase(path: path, readers: 1)
        try await Migrator.migrate(model)
        let columns = try await columns(of: model)
        try await model.close()
        return columns
    }

    /// `table.column`
    private static func columns(of database: any Database) async throws -> Set<String> {
        try await database.read { connection in
            let rows = try connection.query(statement(for: connection.dialect))
            return try Set(
                rows.map { row in
                    try "\(row.get("table_name", as: String.self)).\(row.get("column_name", as: String.self))"
                })
        }
    }

    private static func statement(for dialect: SQLDialect) -> SQL {
        switch dialect {
        case .sqlite:
            """
            SELECT m.name AS table_name, c.name AS column_name FROM sqlite_master m, pragma_table_info(m.name) c
            WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'
            """
        case .postgres:
            """
            SELECT CAST(table_name AS TEXT) AS table_name, CAST(column_name AS TEXT) AS column_name
            FROM information_schema.columns WHERE table_schema = current_schema()
            """
        }
    }
}
