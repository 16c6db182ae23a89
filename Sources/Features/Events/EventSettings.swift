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
    /// How long a client may leave a message unread before its stream is dropped.
    package var readTimeout: Duration = .seconds(30)
    /// Changed objects that may wait for a slow reader.
    package var waitingLimit = 256
    /// The least time between two reads of the log: changes in quick succession are read together.
    package var spacing: Duration = .milliseconds(10)
    /// The interval between two reads while segmentations run, whose progress is not notified.
    package var progressInterval: Duration = .milliseconds(200)
    /// The interval between two reads otherwise, for changes whose notification was lost.
    package var poll: Duration = .seconds(2)
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
