import Storage

extension Settings {
    /// The size and the time limits of the connection pool.
    func databaseLimits() throws -> DatabaseLimits {
        var limits = DatabaseLimits(connections: try number("DATABASE_POOL_SIZE"))
        limits.queueTimeout = .seconds(try number("DATABASE_POOL_TIMEOUT"))
        limits.statementTimeout = .seconds(try number("DATABASE_STATEMENT_TIMEOUT"))
        limits.lockTimeout = .seconds(try number("DATABASE_LOCK_TIMEOUT"))
        limits.idleInTransactionTimeout = .seconds(try number("DATABASE_IDLE_IN_TRANSACTION_TIMEOUT"))
        return limits
    }

    /// Opens the configured database; its schema may be another version's.
    func openDatabase() throws -> any Database {
        try Databases.open(databaseURL, limits: try databaseLimits())
    }
}
