import NIOCore
import NIOHTTPTypes

/// Closes connections of slow clients: a body that arrives too slowly, a response that is not read, a request that
/// continues after its response. The server's idle timeout covers missing headers.
final class SlowClientHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let pause: TimeAmount
    private var timeout: ClientTimeout
    private var timer: RepeatedTask?

    /// - Parameter seconds: how long a client may be slow; detected within twice this time.
    init(seconds: Int) {
        pause = .seconds(Int64(seconds))
        timeout = ClientTimeout(leastBytes: seconds * ClientTimeout.bytesPerSecond)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let loop = context.eventLoop
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: loop)
        timer = loop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { _ in
            let (handler, context) = bound.value
            if handler.timeout.isOver(isWritable: context.channel.isWritable) { context.close(promise: nil) }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    func read(context: ChannelHandlerContext) {
        timeout.serverWaits = true
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: timeout.requestBegan()
        case .body(let bytes): timeout.received(bytes.readableBytes)
        case .end: timeout.requestEnded()
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        timeout.serverWaits = false
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        timeout.writabilityChanged()
        context.fireChannelWritabilityChanged()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { timeout.answered() }
        context.write(data, promise: promise)
    }
}

/// Decides when a slow client has timed out; checked at regular intervals.
struct ClientTimeout: Equatable {
    /// Slower than any network that is usable for images.
    static let bytesPerSecond = 1024

    /// The minimum number of body bytes between two checks.
    let leastBytes: Int
    /// Whether the server is ready for more: a busy server must not blame the client.
    var serverWaits = false
    private var isReceiving = false
    private var isAnswered = false
    private var bytes = 0
    /// Whether the request or the stalled response started after the last check.
    private var isFresh = true
    private var wasStuck = false

    init(leastBytes: Int) {
        self.leastBytes = leastBytes
    }

    mutating func requestBegan() {
        isReceiving = true
        isAnswered = false
        isFresh = true
        bytes = 0
    }

    mutating func received(_ count: Int) { bytes += count }
    mutating func requestEnded() { isReceiving = false }
    mutating func writabilityChanged() { wasStuck = false }

    /// The response is written; further input is irrelevant.
    mutating func answered() {
        guard isReceiving else { return }
        isAnswered = true
        isFresh = true
    }

    /// Whether to close now; starts the next interval.
    mutating func isOver(isWritable: Bool) -> Bool {
        defer {
            isFresh = false
            bytes = 0
            wasStuck = !isWritable
        }
        if wasStuck && !isWritable { return true }
        guard isReceiving && !isFresh else { return false }
        return isAnswered || (serverWaits && bytes < leastBytes)
    }
}
