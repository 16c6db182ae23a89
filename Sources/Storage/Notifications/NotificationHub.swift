import Synchronization

/// Distributes a database's notifications to the subscribers in this process.
final class NotificationHub: Sendable {
    private struct Subscriber {
        let channels: Set<NotificationChannel>
        let stream: AsyncStream<DatabaseNotification>.Continuation
    }

    private struct State {
        var subscribers: [Int: Subscriber] = [:]
        var next = 0
        /// Whether notifications arrive now.
        var isListening = false
        var isClosed = false
    }

    private let state = Mutex(State())

    /// A subscriber this far behind gets a `resync` instead of the oldest notifications.
    private static let buffer = 1000

    var isEmpty: Bool { state.withLock { $0.subscribers.isEmpty } }

    /// Ends when the database is closed or the subscriber's task is cancelled.
    func subscribe(to channels: Set<NotificationChannel>) -> AsyncStream<DatabaseNotification> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: DatabaseNotification.self, bufferingPolicy: .bufferingNewest(Self.buffer))
        let key: Int? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.next += 1
            state.subscribers[state.next] = Subscriber(channels: channels, stream: continuation)
            if state.isListening { continuation.yield(.resync) }
            return state.next
        }
        guard let key else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.subscribers.removeValue(forKey: key) }
        }
        return stream
    }

    /// From now on every notification arrives; earlier ones may be missing.
    func listen() {
        state.withLock { state in
            state.isListening = true
            for subscriber in state.subscribers.values { subscriber.stream.yield(.resync) }
        }
    }

    /// Notifications may be missed from now on.
    func interrupt() {
        state.withLock { $0.isListening = false }
    }

    func send(_ channel: NotificationChannel, _ payload: String) {
        state.withLock { state in
            for subscriber in state.subscribers.values where subscriber.channels.contains(channel) {
                // Cannot be dropped itself, being the newest.
                if case .dropped = subscriber.stream.yield(.message(channel, payload: payload)) {
                    subscriber.stream.yield(.resync)
                }
            }
        }
    }

    func close() {
        let streams = state.withLock { state in
            state.isClosed = true
            return state.subscribers.values.map(\.stream)
        }
        // Outside the lock: finishing a stream calls its handler, which takes the lock.
        for stream in streams { stream.finish() }
    }
}
