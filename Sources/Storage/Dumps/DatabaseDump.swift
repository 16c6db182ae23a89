import Foundation

/// One file that holds a whole database, written while the database is in use.
package enum DatabaseDump {
    /// Writes the state of one moment to a new file in `folder`.
    ///
    /// - Parameter reading: reads from exactly that state.
    /// - Returns: the file's name and what was read.
    package static func write<T: Sendable>(
        _ url: DatabaseURL, to folder: URL, reading: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> (file: String, value: T) {
        let file = folder.appendingPathComponent(name(for: url))
        let value =
            switch url {
            case .sqlite(let path): try await SQLiteDump.write(path, to: file, reading: reading)
            case .postgres(let address): try await PostgresDump.write(address, to: file, reading: reading)
            }
        return (file.lastPathComponent, value)
    }

    /// Fills an empty database with the state in the file of a dump from the same kind of database.
    package static func restore(_ url: DatabaseURL, from folder: URL) async throws {
        let file = folder.appendingPathComponent(name(for: url))
        switch url {
        case .sqlite(let path): try SQLiteDump.restore(path, from: file)
        case .postgres(let address): try await PostgresDump.restore(address, from: file)
        }
    }

    /// The name of the file, by which a dump also tells its kind.
    package static func name(for url: DatabaseURL) -> String {
        switch url {
        case .sqlite: "database.sqlite3"
        case .postgres: "database.dump"
        }
    }

    /// Whether a database has no tables; a SQLite file that does not exist is not created.
    package static func isEmpty(_ url: DatabaseURL) async throws -> Bool {
        if case .sqlite(let path) = url, !FileManager.default.fileExists(atPath: path) { return true }
        let database = try Databases.open(url, limits: DatabaseLimits(connections: 1))
        let tables: Result<[String], any Error>
        do {
            tables = .success(try await database.read { try TableCount.tables(of: $0) })
        } catch {
            tables = .failure(error)
        }
        try await database.close()
        return try tables.get().isEmpty
    }
}

/// The number of rows of a table.
package struct TableCount {
    /// Of every table of ours, by name.
    package static func all(_ connection: any DatabaseConnection) throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for table in try tables(of: connection) {
            counts[table] = try connection.queryOne("SELECT COUNT(*) AS number FROM \(raw: table)")?.get("number")
        }
        return counts
    }

    fileprivate static func tables(of connection: any DatabaseConnection) throws -> [String] {
        let statement: SQL =
            switch connection.dialect {
            case .sqlite: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            case .postgres:
                """
                SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables
                WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'
                """
            }
        return try connection.query(statement).map { try $0.get("name") }
    }
}
