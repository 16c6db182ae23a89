import Basics

/// A database that runs the same statements on SQLite and PostgreSQL.
package protocol Database: Sendable {
    /// Runs `body` on one consistent snapshot; a statement that writes fails.
    func read<T: Sendable>(_ body: @escaping @Sendable (any DatabaseConnection) throws -> T) async throws -> T

    /// Runs `body` as one transaction: all or, if it throws, nothing is applied.
    ///
    /// PostgreSQL may run `body` again after a serialisation failure, so it must have no other side effects. Once a
    /// statement has failed the transaction is lost: `body` must let the error through.
    @discardableResult
    func write<T: Sendable>(_ body: @escaping @Sendable (any DatabaseConnection) throws -> T) async throws -> T

    /// Ends all connections; later calls fail with `.unavailable`.
    func close() async throws

    /// The load of its connections.
    var load: PoolLoad { get }
}

/// The connection of one transaction; valid only inside the closure that receives it.
package protocol DatabaseConnection {
    var dialect: SQLDialect { get }

    /// All rows returned by `statement`, including those of a `RETURNING` clause.
    func query(_ statement: SQL) throws -> [SQLRow]

    /// Runs `statement` and returns the number of inserted, changed or deleted rows.
    @discardableResult
    func execute(_ statement: SQL) throws -> Int

    /// Runs independent statements and returns the row count of each; PostgreSQL gets them in one round trip.
    @discardableResult
    func executeAll(_ statements: [SQL]) throws -> [Int]

    /// Runs several statements without bindings, such as a migration; no time limit applies.
    func executeScript(_ script: String) throws
}

extension DatabaseConnection {
    @discardableResult
    package func executeAll(_ statements: [SQL]) throws -> [Int] {
        try statements.map { try execute($0) }
    }

    /// The first row, or `nil` if there is none.
    package func queryOne(_ statement: SQL) throws -> SQLRow? {
        try query(statement).first
    }
}

/// Opens the database of a `DATABASE_URL`.
package enum Databases {
    package static func open(_ url: DatabaseURL, limits: DatabaseLimits = DatabaseLimits()) throws -> any Database {
        switch url {
        case .sqlite(let path): try SQLiteDatabase(path: path, readers: limits.connections)
        case .postgres(let address): PostgresDatabase(address: address, limits: limits)
        }
    }
}

extension Database {
    /// Whether the database responds to a query.
    package func isReachable() async -> Bool {
        (try? await read { try $0.queryOne("SELECT 1 AS one") }) != nil
    }
}
