import Features
import Kernel
import Synchronization

/// Whom an access token stands for, remembered for half a second: under load most requests repeat one that was just
/// looked up.
///
/// A session that another process ended is noticed within that time; the second that is promised leaves room for the
/// request itself. What this process may have changed makes it forget everything before the answer leaves.
final class PrincipalCache: Sendable {
    private let lifetime: Duration
    /// Tokens; beyond it all are forgotten, so that a flood of them can't fill the memory.
    private static let capacity = 10_000

    /// What decides about the answer.
    struct Key: Hashable {
        let token: String
        /// Where a superuser wants to act.
        let institution: InstitutionID?
    }

    private struct Entry {
        let principal: Principal
        let goodUntil: ContinuousClock.Instant
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// Rises with every forgetting: a look-up that began before it is not remembered.
        var generation = 0
    }

    private let state = Mutex(State())

    init(lifetime: Duration = .milliseconds(500)) {
        self.lifetime = lifetime
    }

    /// The remembered answer, or what `lookUp` finds.
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
