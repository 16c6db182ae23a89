import Basics
import Foundation

/// PostgreSQL through libpq: a few threads, each with its own connection, opened on demand and reopened if lost.
package final class PostgresDatabase: Database {
    private let pool: ThreadPool<PostgresConnection>

    private let limits: DatabaseLimits
    private let listener: PostgresListener

    /// Does not connect yet: an unreachable server fails the first call with `.unavailable`.
    package init(address: PostgresAddress, limits: DatabaseLimits = DatabaseLimits()) {
        self.limits = limits
        listener = PostgresListener(address: address, limits: limits)
        let outage = PostgresOutage()
        pool = ThreadPool(name: "postgres", threads: limits.connections, queueTimeout: limits.queueTimeout) {
            PostgresConnection(address: address, limits: limits, outage: outage)
        }
    }

    package func read<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        try await run(.read, body)
    }

    @discardableResult
    package func write<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        try await run(.write, body)
    }

    deinit {
        listener.close()
    }

    package func notifications(of channels: Set<NotificationChannel>) -> AsyncStream<DatabaseNotification> {
        let stream = listener.hub.subscribe(to: channels)
        listener.start()
        return stream
    }

    package func close() async throws {
        listener.close()
        pool.close()
    }

    package var load: PoolLoad { pool.load }

    private func run<T: Sendable>(
        _ kind: PostgresConnection.Kind, _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        do {
            return try await pool.run { try $0.transaction(kind, body) }
        } catch is ThreadPoolClosed {
            throw DatabaseError(.unavailable, "The database has been closed.")
        } catch is ThreadPoolTimeout {
            throw DatabaseError(
                .busy,
                "All \(pool.load.places) database connections were in use for \(limits.queueTimeout.components.seconds) s: raise DATABASE_POOL_SIZE, or DATABASE_POOL_TIMEOUT to wait longer."
            )
        }
    }
}

extension PostgresConnection {
    /// The access mode of a transaction.
    enum Kind: String {
        case read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        case write = "BEGIN ISOLATION LEVEL READ COMMITTED"
    }

    /// The number of attempts for a transaction that the server aborts.
    private static let attempts = 6

    /// Runs `body` between BEGIN and COMMIT; retries after a serialisation failure, a deadlock or, before COMMIT has
    /// been sent, a lost connection.
    func transaction<T>(_ kind: Kind, _ body: (any DatabaseConnection) throws -> T) throws -> T {
        var attempt = 1
        let start = ContinuousClock.now
        while true {
            do {
                return try attemptTransaction(kind, body)
            } catch let fault as PostgresFault where fault.mayRepeat && attempt < Self.attempts {
                // A network that takes each connection down after a while must not hold the caller six times as long.
                if fault.isLost, .now - start > limits.restartGrace { throw fault.error }
                // Doubles from 2 ms with jitter, so that colliding transactions do not collide again.
                Thread.sleep(forTimeInterval: 0.002 * Double(1 << attempt) * Double.random(in: 0.5...1.5))
                attempt += 1
            } catch let fault as PostgresFault {
                throw fault.error
            }
        }
    }

    private func attemptTransaction<T>(_ kind: Kind, _ body: (any DatabaseConnection) throws -> T) throws -> T {
        try connectIfNeeded()
        lastFault = nil
        let value: T
        do {
            begin(kind.rawValue)
            value = try body(self)
        } catch {
            rollBack()
            // Statements' errors propagate through `body`; `lastFault` says whether the server suggests a retry.
            if let fault = lastFault, !(error is PostgresFault), fault.mayRepeat { throw fault }
            throw error
        }
        switch kind {
        case .read: try endReading()
        case .write: try commit()
        }
        return value
    }
}
