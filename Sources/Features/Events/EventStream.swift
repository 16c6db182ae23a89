import Kernel
import Storage

/// A message of an event stream.
package struct EventMessage: Sendable {
    package enum Content: Sendable {
        /// The stream is open: later changes will be reported.
        case ready
        /// The stream is open, but changes since the client's last event are no longer known: load the lists again.
        case resync
        case object(EventContent)
        /// The last message.
        case end(EventStreamEnd)
        /// Nothing has happened for a while.
        case keepAlive
    }

    /// The place in the log from which the client may resume; `nil` if the message has none.
    package let id: String?
    package let content: Content
}

/// The messages of one subscriber. The stream ends with its last reference at the latest.
package final class EventStream: Sendable {
    private let service: EventsService
    let subscription: EventSubscription
    private let opening: EventMessage

    init(service: EventsService, subscription: EventSubscription, opening: EventMessage) {
        self.service = service
        self.subscription = subscription
        self.opening = opening
    }

    deinit {
        service.feed.remove(subscription)
    }

    /// Ends the stream because its connection is gone.
    package func close() {
        subscription.close()
    }

    /// Ends the stream because its client does not react.
    package func drop() {
        subscription.end(.stalled)
    }

    /// Calls `transmit` with each message, the last of which is the end.
    ///
    /// - Parameters:
    ///   - abandon: ends the connection; called if `transmit` takes too long.
    ///   - transmit: returns when the client has read, or the connection has room for more.
    /// - Throws: errors of `transmit`.
    package func forEach(
        abandon: @escaping @Sendable () -> Void, _ transmit: (EventMessage) async throws -> Void
    ) async throws {
        defer { service.feed.remove(subscription) }
        subscription.begin(abandon: abandon)
        func send(_ message: EventMessage) async throws {
            try await subscription.send { try await transmit(message) }
        }
        try await send(opening)
        var recorded: Set<EventObject> = []
        while true {
            switch await subscription.next() {
            case .send(let reference):
                guard let content = await service.content(of: reference, for: subscription, &recorded) else { continue }
                try await send(EventMessage(id: reference.position?.text, content: .object(content)))
                service.feed.countSent(subscription.transport)
                if case .task(let task) = content, task.status.isOver, case .task = subscription.topic {
                    subscription.end(.completed)
                }
            case .keepAlive: try await send(EventMessage(id: nil, content: .keepAlive))
            case .checkSession: await service.check(subscription)
            case .end(let reason):
                if reason.isAnnounced { try await send(EventMessage(id: nil, content: .end(reason))) }
                return
            }
        }
    }
}
