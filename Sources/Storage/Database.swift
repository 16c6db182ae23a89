import Basics

/// A database that runs the same statements whether SQLite or PostgreSQL stands behind it.
package protocol Database: Sendable {
    /// Runs `body` on one consistent snapshot; a statement that writes fails.
    func read<T: Sendable>(_ body: @escaping @Sendable (any DatabaseConnection) throws -> T) async throws -> T

    /// Runs `body` as one transaction: all of it or, when it throws, nothing of it.
    ///
    /// PostgreSQL may run `body` again after a serialisation failure, so it must change nothing but the database.
    /// Once a statement has failed the transaction is lost: `body` must let the error through.
    @discardableResult
    func write<T: Sendable>(_ body: @escaping @Sendable (any DatabaseConnection) throws -> T) async throws -> T

    /// Ends all connections; later calls fail with `.unavailable`.
    func close() async throws

    /// How busy its connections are now.
    var load: PoolLoad { get }
}

/// One transaction's connection; valid only inside the closure that received it.
package protocol DatabaseConnection {
    var dialect: SQLDialect { get }

    /// All rows that `statement` yields, also those of a `RETURNING` clause.
    func query(_ statement: SQL) throws -> [SQLRow]

    /// Runs `statement` and tells how many rows it inserted, changed or deleted.
    @discardableResult
    func execute(_ statement: SQL) throws -> Int

    /// Runs several statements that take no values, as a migration does.
    func executeScript(_ script: String) throws
}

extension DatabaseConnection {
    /// The first row, or nil where there is none.
    package func queryOne(_ statement: SQL) throws -> SQLRow? {
        try query(statement).first
    }
}

/// Opens the database that a `DATABASE_URL` names.
package enum Databases {
    /// - Parameter connections: how many transactions may run at once (PostgreSQL) or read at once (SQLite).
    package static func open(_ url: DatabaseURL, connections: Int = 8) throws -> any Database {
        switch url {
        case .sqlite(let path): try SQLiteDatabase(path: path, readers: connections)
        case .postgres(let address): PostgresDatabase(address: address, connections: connections)
        }
    }
}

extension Database {
    /// Whether a question is answered now.
    package func isReachable() async -> Bool {
        (try? await read { try $0.queryOne("SELECT 1 AS one") }) != nil
    }
}
