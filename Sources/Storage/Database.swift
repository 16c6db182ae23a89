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

    /// The notifications of committed transactions, of this and of other processes, on some channels. See
    /// `DatabaseNotification` for what is guaranteed. Ends when the database is closed.
    func notifications(of channels: Set<NotificationChannel>) -> AsyncStream<DatabaseNotification>

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

    /// Tells the subscribers of a channel, in all processes, when this transaction commits.
    ///
    /// - Parameter payload: an ID or another short word of at most 200 bytes; never patient data.
    func notify(_ channel: NotificationChannel, _ payload: String) throws

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
