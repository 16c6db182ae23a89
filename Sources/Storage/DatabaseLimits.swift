/// The size of a database's connection pool, and how long things may take. Zero turns a time limit off.
package struct DatabaseLimits: Sendable, Equatable {
    /// The number of concurrent transactions (PostgreSQL) or concurrent readers (SQLite).
    package var connections: Int
    /// How long a call waits for a free connection. PostgreSQL only, like the following.
    package var queueTimeout: Duration = .seconds(30)
    /// How long a statement may run; migrations are exempt.
    package var statementTimeout: Duration = .seconds(60)
    /// How long a statement waits for another transaction's lock.
    package var lockTimeout: Duration = .seconds(10)
    /// How long a transaction may do nothing, as those of a suspended process do, before the server ends it.
    package var idleInTransactionTimeout: Duration = .seconds(60)
    /// How long an answer may take beyond the statement's own time before the connection counts as cut off.
    package var answerGrace: Duration = .seconds(5)
    /// For how long calls wait for a server that has gone away, such as for a restart, before they fail.
    package var restartGrace: Duration = .seconds(10)

    package init(connections: Int = 8) {
        self.connections = connections
    }
}
