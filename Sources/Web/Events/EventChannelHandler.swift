import HTTPTypes
import NIOCore
import NIOHTTPTypes
import NIOWebSocket

/// The HTTP connection of event streams: notices that a stream's client is gone, and hands the connection over to the
/// WebSocket protocol together with the response that says so.
final class EventChannelHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var isStreaming = false

    /// Bytes of the system's send buffer, which would otherwise grow to megabytes for a client that does not read.
    private static let sendBuffer: SocketOptionValue = 64 << 10

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(let head) = unwrapOutboundIn(data) else {
            context.write(data, promise: promise)
            return
        }
        isStreaming = head.headerFields[.contentType] == EventRoutes.mediaType
        if isStreaming || head.status == .switchingProtocols {
            try? context.channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: Self.sendBuffer)
        }
        context.write(data, promise: promise)
        // The head has passed HTTP's encoder, and the client sends no frame before it has received the head.
        if head.status == .switchingProtocols { startWebSocket(context) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client may close its side after a request and read on, but not of a stream: it would never be missed.
        if isStreaming, event as? ChannelEvent == .inputClosed { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    private func startWebSocket(_ context: ChannelHandlerContext) {
        do {
            try context.pipeline.syncOperations.addHandlers(
                [
                    WebSocketFrameEncoder(),
                    ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: ClientFrames.limit)),
                    WebSocketHandler(),
                ], position: .first)
        } catch {
            context.close(promise: nil)
        }
    }
}
