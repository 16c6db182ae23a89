import Synchronization

/// Whether the server of a pool is away. Calls wait out a restart; a server that stays away fails them at once.
final class PostgresOutage: Sendable {
    private struct State {
        var hasConnected = false
        var start: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// A connection was opened.
    func end() {
        state.withLock { $0 = State(hasConnected: true) }
    }

    /// Called when a connection cannot be opened; false for a server that was never there, which is a wrong address.
    func mayWait(atMost grace: Duration) -> Bool {
        state.withLock { state in
            let start = state.start ?? .now
            state.start = start
            return state.hasConnected && .now - start < grace
        }
    }
}
