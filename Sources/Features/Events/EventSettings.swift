import Kernel

/// How a client receives events.
package enum EventTransport: String, Sendable, CaseIterable {
    case serverSentEvents = "sse"
    case webSocket = "websocket"
}

/// The operator's settings for event streams.
package struct EventSettings: Sendable {
    /// Open streams of one user, and of this process.
    package var streamsPerUser = 20
    package var streams = 5000
    /// The interval of keep-alive comments and pings.
    package var keepAlive: Duration = .seconds(15)
    /// After which a stream ends and its client reconnects; never after the end of its access token.
    package var lifetime: Duration = .seconds(3600)
    /// The interval at which an idle stream's session is checked; its end is also an event.
    package var sessionCheck: Duration = .seconds(30)
    /// Changed objects that may wait for a slow reader.
    package var waitingLimit = 256
    /// The interval between two queries for changes, as long as there are subscribers.
    package var interval: Duration = .milliseconds(200)
    /// How long changes are kept, for clients that reconnect.
    package var retention: Duration = .seconds(86_400)

    package init() {}
}

/// Counts of event streams, for metrics.
package struct EventFigures: Sendable, Equatable {
    package internal(set) var open: [EventTransport: Int] = [:]
    package internal(set) var sent: [EventTransport: Int] = [:]
    package internal(set) var ended: [EventStreamEnd: Int] = [:]
}
