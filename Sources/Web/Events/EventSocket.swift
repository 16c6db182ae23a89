import Features
import NIOCore
import NIOWebSocket

/// A WebSocket whose opening handshake has been answered.
struct EventSocket: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<WebSocketHandler>
    private let timeout: TimeAmount

    /// The end of the connection: HTTP must not go on with it.
    struct Over: Error {}

    /// - Parameter keepAlive: the interval of pings.
    init(_ channel: any Channel, keepAlive: Duration) async throws {
        self.channel = channel
        let (seconds, _) = keepAlive.components
        timeout = .seconds(max(1, 2 * seconds))
        handler = try await channel.eventLoop.submit {
            let handler = try channel.pipeline.syncOperations.handler(type: WebSocketHandler.self)
            return NIOLoopBound(handler, eventLoop: channel.eventLoop)
        }.get()
    }

    /// Sends the stream's messages until it ends or the client leaves.
    func serve(_ stream: EventStream) async throws {
        channel.closeFuture.whenComplete { [weak stream] _ in stream?.close() }
        try await stream.forEach { message in
            if let text = try message.socketText() {
                try await send(text)
            } else {
                try await onLoop { $0.ping() }
            }
            if case .end(let reason) = message.content {
                try await onLoop { $0.close(reason.closeCode, reason.rawValue) }
            }
        }
        try await channel.closeFuture.get()
        throw Over()
    }

    private func send(_ text: ByteBuffer) async throws {
        try await channel.eventLoop.flatSubmit { [handler, timeout, channel] in
            handler.value.send(text: text, timeout: timeout)
                ?? channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
        }.get()
    }

    private func onLoop(_ action: @escaping @Sendable (WebSocketHandler) -> Void) async throws {
        try await channel.eventLoop.submit { [handler] in action(handler.value) }.get()
    }
}

extension EventStreamEnd {
    /// RFC 6455 §7.4.1 and the registry of close codes.
    fileprivate var closeCode: WebSocketErrorCode {
        switch self {
        case .completed, .expired, .closed: .normalClosure
        case .revoked: .policyViolation
        case .overflow, .unavailable: .tryAgainLater
        case .shutdown: .goingAway
        }
    }
}
