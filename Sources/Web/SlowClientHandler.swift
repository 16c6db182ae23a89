import NIOCore
import NIOHTTPTypes

/// Ends connections whose clients keep the server waiting: a body that trickles in, an answer that nobody fetches, a
/// request that goes on although it has been answered. A head that does not come is the server's own idle timeout's.
final class SlowClientHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let pause: TimeAmount
    private var timeout: ClientTimeout
    private var timer: RepeatedTask?

    /// - Parameter seconds: how long a client may be slow; it is noticed within twice this time.
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

/// Decides when a slow client has timed out; asked at regular intervals.
struct ClientTimeout: Equatable {
    /// Slower than any network that an image could be sent through.
    static let bytesPerSecond = 1024

    /// Bytes of a body that must come between two questions.
    let leastBytes: Int
    /// Whether the server would take more: one that is busy itself can't blame the client.
    var serverWaits = false
    private var isReceiving = false
    private var isAnswered = false
    private var bytes = 0
    /// Whether the request or the stuck answer is younger than the last question.
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

    /// The answer is written; what the client still sends is of no use.
    mutating func answered() {
        guard isReceiving else { return }
        isAnswered = true
        isFresh = true
    }

    /// Whether to close now; begins the next span of time.
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
