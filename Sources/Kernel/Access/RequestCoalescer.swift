import Synchronization

/// Coalesces equal concurrent reads: callers that ask for the same key at the same time share one result.
///
/// No caller gets older data than a read of its own would have returned: a caller that arrives during a read waits for the
/// next one, together with all others that arrive in the meantime.
package final class RequestCoalescer<Key: Hashable & Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Role, Never>

    /// What a caller does once it is resumed.
    private enum Role: Sendable {
        /// Reads, for itself and for the waiters.
        case read(for: [Waiter])
        case share(Result<any Sendable, any Error>)
    }

    /// Keys whose read is in progress, each with the callers that wait for the next one.
    private let waiting = Mutex<[Key: [Waiter]]>([:])

    package init() {}

    /// Callers that wait for the next read of a key.
    func waiterCount(for key: Key) -> Int { waiting.withLock { $0[key]?.count ?? 0 } }

    /// The result of `read`, called here or by another caller with the same key; equal keys must mean equal reads.
    package func value<Value: Sendable>(for key: Key, read: () async throws -> Value) async throws -> Value {
        switch await withCheckedContinuation({ enqueue($0, for: key) }) {
        case .read(let waiters):
            let result: Result<Value, any Error>
            do { result = .success(try await read()) } catch { result = .failure(error) }
            startNextRead(key)
            for waiter in waiters { waiter.resume(returning: .share(result.map { $0 })) }
            return try result.get()
        case .share(.failure(is CancellationError)):
            // Only the reading caller was cancelled.
            return try await read()
        case .share(let result):
            guard let value = try result.get() as? Value else { return try await read() }
            return value
        }
    }

    private func enqueue(_ waiter: Waiter, for key: Key) {
        let isFirst = waiting.withLock { waiting in
            let isFirst = waiting[key] == nil
            if isFirst { waiting[key] = [] } else { waiting[key]?.append(waiter) }
            return isFirst
        }
        if isFirst { waiter.resume(returning: .read(for: [])) }
    }

    private func startNextRead(_ key: Key) {
        let waiters = waiting.withLock { waiting in
            let waiters = waiting[key] ?? []
            waiting[key] = waiters.isEmpty ? nil : []
            return waiters
        }
        waiters.first?.resume(returning: .read(for: Array(waiters.dropFirst())))
    }
}
