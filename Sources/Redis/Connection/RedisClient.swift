import Synchronization

/// A client that keeps one pipelined connection and makes it again when it ends. Commands of concurrent callers share it.
package final class RedisClient: Sendable {
    private enum State {
        case idle(failures: Int)
        case connecting(Task<RedisConnection, any Error>, failures: Int)
        case connected(RedisConnection)
        case closed
    }

    package let url: RedisURL
    package let options: RedisOptions
    private let state = Mutex(State.idle(failures: 0))

    package init(_ url: RedisURL, options: RedisOptions = RedisOptions()) {
        self.url = url
        self.options = options
    }

    // MARK: Commands

    /// Sends commands together. Error replies are values.
    ///
    /// - Parameter isIdempotent: whether the commands may be sent again if the connection ends before the replies.
    /// - Throws: `RedisError` if there is no connection within `commandTimeout`, or it fails.
    package func send(_ commands: [RedisCommand], isIdempotent: Bool = false) async throws -> [RESPValue] {
        let deadline = ContinuousClock.now + options.commandTimeout
        while true {
            let connection = try await connection(until: deadline)
            do {
                return try await connection.send(commands)
            } catch let error as RedisError {
                guard isIdempotent, error.isConnectionFailure, ContinuousClock.now < deadline else { throw error }
            }
        }
    }

    /// - Throws: `RedisError`, also for an error reply.
    package func send(_ command: RedisCommand, isIdempotent: Bool = false) async throws -> RESPValue {
        guard let reply = try await send([command], isIdempotent: isIdempotent).first else {
            throw RedisError.unexpectedReply(command: command.name)
        }
        return try reply.orThrow()
    }

    /// Executes commands as one transaction (`MULTI`/`EXEC`).
    ///
    /// - Returns: the reply to each command.
    /// - Throws: `RedisError`, also if one of the commands failed.
    package func transaction(_ commands: [RedisCommand], isIdempotent: Bool = false) async throws -> [RESPValue] {
        let all = [RedisCommand("MULTI")] + commands + [RedisCommand("EXEC")]
        let replies = try await send(all, isIdempotent: isIdempotent)
        for reply in replies.dropLast() { _ = try reply.orThrow() }
        guard let results = try replies.last?.orThrow().array else { throw RedisError.unexpectedReply(command: "EXEC") }
        return try results.map { try $0.orThrow() }
    }

    /// A further connection of the same kind, for commands that block. The caller closes it.
    ///
    /// - Throws: `RedisError`.
    package func dedicatedConnection() async throws -> RedisConnection {
        if case .closed = state.withLock({ $0 }) { throw RedisError.closed }
        return try await RedisConnection.connect(url, options)
    }

    /// Ends the connection; every further command fails with `RedisError.closed`.
    package func shutdown() async {
        let last = state.withLock { state in
            defer { state = .closed }
            return state
        }
        switch last {
        case .connected(let connection): await connection.close()
        case .connecting(let attempt, _): if let connection = try? await attempt.value { await connection.close() }
        case .idle, .closed: break
        }
    }

    // MARK: Connecting

    private func connection(until deadline: ContinuousClock.Instant) async throws -> RedisConnection {
        while true {
            let attempt: Task<RedisConnection, any Error>
            switch step() {
            case .connected(let connection): return connection
            case .connecting(let task, _): attempt = task
            case .idle, .closed: throw RedisError.closed
            }
            switch await attempt.result {
            case .success(let connection): return connection
            case .failure(let error):
                let failures = failures(after: attempt)
                guard (error as? RedisError)?.isConnectionFailure ?? false else { throw error }
                let delay = options.delay(after: failures)
                guard ContinuousClock.now + delay < deadline else { throw error }
                try await Task.sleep(for: delay)
            }
        }
    }

    /// The connection, or the attempt in progress, which is begun if there is none.
    private func step() -> State {
        state.withLock { state in
            switch state {
            case .connected(let connection) where connection.isActive: return state
            case .connecting, .closed: return state
            case .connected: state = .connecting(attempt(), failures: 0)
            case .idle(let failures): state = .connecting(attempt(), failures: failures)
            }
            return state
        }
    }

    private func attempt() -> Task<RedisConnection, any Error> {
        Task { [self] in
            let connection = try await RedisConnection.connect(url, options)
            let isWanted = state.withLock { state in
                guard case .connecting = state else { return false }
                state = .connected(connection)
                return true
            }
            guard !isWanted else { return connection }
            await connection.close()
            throw RedisError.closed
        }
    }

    /// Counts a failed attempt once, however many callers waited for it.
    private func failures(after attempt: Task<RedisConnection, any Error>) -> Int {
        state.withLock { state in
            switch state {
            case .connecting(let current, let failures) where current == attempt:
                state = .idle(failures: failures + 1)
                return failures + 1
            case .idle(let failures), .connecting(_, let failures): return max(failures, 1)
            case .connected, .closed: return 1
            }
        }
    }
}
