import Synchronization

/// The logical clock by which monitors order events (`kombu.clocks.LamportClock`).
final class LamportClock: Sendable {
    private let time = Atomic(0)

    var value: Int { time.load(ordering: .relaxed) }

    /// The next time.
    func forward() -> Int { time.add(1, ordering: .relaxed).newValue }

    /// After a message with a time.
    func adjust(_ other: Int) {
        _ = time.max(other, ordering: .relaxed)
        _ = forward()
    }
}
