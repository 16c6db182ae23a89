import Foundation

/// PostgreSQL through libpq: a few threads, each with a connection of its own that it opens when first needed and
/// opens again when it was lost.
package final class PostgresDatabase: Database {
    private let pool: ThreadPool<PostgresConnection>

    /// Nothing is connected yet: a server that is away shows itself as `.unavailable` in the first call.
    package init(address: PostgresAddress, connections: Int = 8) {
        pool = ThreadPool(name: "postgres", threads: connections) { PostgresConnection(address: address) }
    }

    package func read<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        try await run(begin: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", body)
    }

    @discardableResult
    package func write<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        try await run(begin: "BEGIN ISOLATION LEVEL READ COMMITTED", body)
    }

    package func close() async throws {
        pool.close()
    }

    private func run<T: Sendable>(
        begin: String, _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        do {
            return try await pool.run { try $0.transaction(begin: begin, body) }
        } catch is ThreadPoolClosed {
            throw DatabaseError(.unavailable, "The database has been closed.")
        }
    }
}

extension PostgresConnection {
    /// How often a transaction that the server broke off is begun again.
    private static let attempts = 6

    /// Runs `body` between BEGIN and COMMIT; begins again after a serialisation failure, a deadlock or, as long as
    /// COMMIT has not been sent, a lost connection.
    func transaction<T>(begin: String, _ body: (any DatabaseConnection) throws -> T) throws -> T {
        var attempt = 1
        while true {
            do {
                return try attemptTransaction(begin: begin, body)
            } catch let fault as PostgresFault where fault.mayRepeat && attempt < Self.attempts {
                // Doubling from 2 ms with jitter, so that two that collided don't collide again.
                Thread.sleep(forTimeInterval: 0.002 * Double(1 << attempt) * Double.random(in: 0.5...1.5))
                attempt += 1
            } catch let fault as PostgresFault {
                throw fault.error
            }
        }
    }

    private func attemptTransaction<T>(begin: String, _ body: (any DatabaseConnection) throws -> T) throws -> T {
        try connectIfNeeded()
        lastFault = nil
        let value: T
        do {
            try command(begin)
            value = try body(self)
        } catch {
            rollBack()
            // A body lets errors of statements through; `lastFault` knows whether the server asks for a new attempt.
            if let fault = lastFault, !(error is PostgresFault), fault.mayRepeat { throw fault }
            throw error
        }
        try commit()
        return value
    }
}
