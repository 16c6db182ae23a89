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
    private var patience: ClientPatience
    private var timer: RepeatedTask?

    /// - Parameter seconds: how long a client may be slow; it is noticed within twice this time.
    init(seconds: Int) {
        pause = .seconds(Int64(seconds))
        patience = ClientPatience(leastBytes: seconds * ClientPatience.bytesPerSecond)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let loop = context.eventLoop
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: loop)
        timer = loop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { _ in
            let (handler, context) = bound.value
            if handler.patience.isOver(isWritable: context.channel.isWritable) { context.close(promise: nil) }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    func read(context: ChannelHandlerContext) {
        patience.serverWaits = true
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: patience.requestBegan()
        case .body(let bytes): patience.received(bytes.readableBytes)
        case .end: patience.requestEnded()
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        patience.serverWaits = false
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        patience.writabilityChanged()
        context.fireChannelWritabilityChanged()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { patience.answered() }
        context.write(data, promise: promise)
    }
}

/// How much patience is left with a client; asked once in a while.
struct ClientPatience: Equatable {
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
