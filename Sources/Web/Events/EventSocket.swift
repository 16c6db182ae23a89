import Features
import NIOCore
import NIOWebSocket

/// A WebSocket whose opening handshake has been answered.
struct EventSocket: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<WebSocketHandler>

    /// The end of the connection: HTTP must not go on with it.
    struct Over: Error {}

    init(_ channel: any Channel) async throws {
        self.channel = channel
        handler = try await channel.eventLoop.submit {
            let handler = try channel.pipeline.syncOperations.handler(type: WebSocketHandler.self)
            return NIOLoopBound(handler, eventLoop: channel.eventLoop)
        }.get()
    }

    /// Sends the stream's messages until it ends or the client leaves.
    func serve(_ stream: EventStream) async throws {
        channel.closeFuture.whenComplete { [weak stream] _ in stream?.close() }
        try await stream.forEach(abandon: { [channel] in channel.close(promise: nil) }) { message in
            if let text = try message.socketText() {
                try await send(text)
            } else if try await !onLoop({ $0.ping() }) {
                // Before the end of the connection, which would count as the client's.
                stream.drop()
                channel.close(promise: nil)
            }
            if case .end(let reason) = message.content {
                try await onLoop { $0.close(reason.closeCode, reason.rawValue) }
            }
        }
        try await channel.closeFuture.get()
        throw Over()
    }

    private func send(_ text: ByteBuffer) async throws {
        try await channel.eventLoop.flatSubmit { [handler, channel] in
            handler.value.send(text: text)
                ?? channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
        }.get()
    }

    private func onLoop<T: Sendable>(_ action: @escaping @Sendable (WebSocketHandler) -> T) async throws -> T {
        try await channel.eventLoop.submit { [handler] in action(handler.value) }.get()
    }
}

extension EventStreamEnd {
    /// RFC 6455 §7.4.1 and the registry of close codes.
    fileprivate var closeCode: WebSocketErrorCode {
        switch self {
        // Not sent to clients that are gone.
        case .completed, .expired, .closed, .stalled: .normalClosure
        case .revoked: .policyViolation
        case .overflow, .unavailable: .tryAgainLater
        case .shutdown: .goingAway
        }
    }
}
