import Synchronization

/// Distributes a database's notifications to the subscribers in this process.
///
/// It passes nothing to a stream while it holds its lock: a task that is being cancelled holds a lock of its own, which a
/// stream needs in order to resume it, and waits in the stream's termination handler for this one.
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
        let added: (key: Int, isListening: Bool)? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.next += 1
            state.subscribers[state.next] = Subscriber(channels: channels, stream: continuation)
            return (state.next, state.isListening)
        }
        guard let (key, isListening) = added else {
            continuation.finish()
            return stream
        }
        if isListening { continuation.yield(.resync) }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.subscribers.removeValue(forKey: key) }
        }
        return stream
    }

    /// From now on every notification arrives; earlier ones may be missing.
    func listen() {
        let subscribers = state.withLock { state in
            state.isListening = true
            return Array(state.subscribers.values)
        }
        for subscriber in subscribers { subscriber.stream.yield(.resync) }
    }

    /// Notifications may be missed from now on.
    func interrupt() {
        state.withLock { $0.isListening = false }
    }

    func send(_ channel: NotificationChannel, _ payload: String) {
        let subscribers = state.withLock { $0.subscribers.values.filter { $0.channels.contains(channel) } }
        for subscriber in subscribers {
            // Cannot be dropped itself, being the newest.
            if case .dropped = subscriber.stream.yield(.message(channel, payload: payload)) {
                subscriber.stream.yield(.resync)
            }
        }
    }

    func close() {
        let streams = state.withLock { state in
            state.isClosed = true
            return state.subscribers.values.map(\.stream)
        }
        for stream in streams { stream.finish() }
    }
}
