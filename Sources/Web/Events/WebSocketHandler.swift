import NIOCore
import NIOWebSocket

/// The server's side of an open WebSocket (RFC 6455). It stands before the HTTP handlers of its connection, which see and
/// send nothing any more.
final class WebSocketHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundIn = NIOAny
    typealias OutboundOut = WebSocketFrame

    private var context: ChannelHandlerContext?
    private var frames = ClientFrames()
    private var isClosing = false
    /// Whether the last ping has not been answered.
    private var isAwaitingPong = false

    /// How long a client may take to answer the closing handshake.
    private static let closeTimeout: TimeAmount = .seconds(2)

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch frames.receive(unwrapInboundIn(data)) {
        case .ignore: break
        case .alive: isAwaitingPong = false
        case .pong(let data): if !isClosing { send(WebSocketFrame(fin: true, opcode: .pong, data: data), nil) }
        case .closed(let code):
            if !isClosing { sendClose(code ?? .normalClosure, "") }
            context.close(promise: nil)
        case .fail(let code): fail(code, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error as? NIOWebSocketError {
        case .invalidFrameLength: fail(.messageTooLarge, context)
        case .some: fail(.protocolError, context)
        case nil: context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that closes its side has closed the connection.
        if event as? ChannelEvent == .inputClosed { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    /// HTTP is over.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        promise?.succeed()
    }

    // MARK: Sending

    /// - Returns: when the connection has taken it; `nil` if it is closing.
    func send(text: ByteBuffer) -> EventLoopFuture<Void>? {
        guard let context, !isClosing else { return nil }
        let sent = context.eventLoop.makePromise(of: Void.self)
        send(WebSocketFrame(fin: true, opcode: .text, data: text), sent)
        return sent.futureResult
    }

    /// Asks whether the client is still there.
    ///
    /// - Returns: whether it has answered the last time; if not, it is not asked again.
    func ping() -> Bool {
        guard !isAwaitingPong else { return false }
        isAwaitingPong = true
        send(WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer()), nil)
        return true
    }

    /// Starts the closing handshake.
    func close(_ code: WebSocketErrorCode, _ reason: String) {
        guard let context, !isClosing else { return }
        sendClose(code, reason)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.closeTimeout) { context.close(promise: nil) }
    }

    private func fail(_ code: WebSocketErrorCode, _ context: ChannelHandlerContext) {
        if !isClosing { sendClose(code, "") }
        context.close(promise: nil)
    }

    private func sendClose(_ code: WebSocketErrorCode, _ reason: String) {
        isClosing = true
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        data.writeString(reason)
        send(WebSocketFrame(fin: true, opcode: .connectionClose, data: data), nil)
    }

    private func send(_ frame: WebSocketFrame, _ promise: EventLoopPromise<Void>?) {
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        context.writeAndFlush(wrapOutboundOut(frame), promise: promise)
    }
}
