import Features
import Kernel
import Synchronization

/// Caches the user of an access token for half a second: under load most requests repeat a recent lookup.
///
/// A session ended by another process is noticed within that time; the guaranteed second leaves time for the request
/// itself. Changes by this process clear the cache before the response is sent.
final class PrincipalCache: Sendable {
    private let lifetime: Duration
    /// Tokens; beyond this all are dropped, so that a flood of them cannot fill the memory.
    private static let capacity = 10_000

    /// Everything that determines the result.
    struct Key: Hashable {
        let token: String
        /// The institution that a superuser wants to act in.
        let institution: InstitutionID?
    }

    private struct Entry {
        let principal: Principal
        let goodUntil: ContinuousClock.Instant
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// Incremented whenever the cache is cleared: a lookup that started before is not cached.
        var generation = 0
    }

    private let state = Mutex(State())

    init(lifetime: Duration = .milliseconds(500)) {
        self.lifetime = lifetime
    }

    /// The cached result, or that of `lookUp`.
    func principal(
        for key: Key, origin: RequestOrigin, orLookUp lookUp: () async throws -> Principal
    ) async throws -> Principal {
        let now = ContinuousClock.now
        let (entry, generation) = state.withLock { ($0.entries[key], $0.generation) }
        if let entry, now < entry.goodUntil { return entry.principal.asking(from: origin) }
        let principal = try await lookUp()
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.entries.count >= Self.capacity { state.entries = [:] }
            state.entries[key] = Entry(principal: principal, goodUntil: now + lifetime)
        }
        return principal
    }

    func forgetAll() {
        state.withLock { state in
            state.entries.removeAll(keepingCapacity: true)
            state.generation += 1
        }
    }
}
