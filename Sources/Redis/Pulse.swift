import Synchronization

/// Whether a connection has received anything lately.
final class Pulse: Sendable {
    private let hasBeat = Atomic(true)

    func received() { hasBeat.store(true, ordering: .relaxed) }

    func beatSinceLastCheck() -> Bool { hasBeat.exchange(false, ordering: .relaxed) }
}
