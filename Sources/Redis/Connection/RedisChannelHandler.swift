import NIOCore

/// Matches replies with the commands of one connection, which are answered in order. It lives on the connection's event loop.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Commands sent together.
    private struct Pending {
        let name: String
        let count: Int
        let promise: EventLoopPromise<[RESPValue]>
        var replies: [RESPValue] = []
        var timeout: Scheduled<Void>?
    }

    private var decoder: RESPDecoder
    private var pending: [Pending] = []
    /// Index of the oldest entry of `pending` that is not answered.
    private var oldest = 0
    private var context: ChannelHandlerContext?
    private var fault: RedisError?
    /// Receives every further reply, once the connection subscribes.
    private var onPush: (@Sendable (RESPValue) -> Void)?

    init(limits: RESPLimits) { decoder = RESPDecoder(limits: limits) }

    func send(_ commands: [RedisCommand], timeout: TimeAmount?, promise: EventLoopPromise<[RESPValue]>) {
        let name = commands.first?.name ?? ""
        guard let context, fault == nil, context.channel.isActive else {
            return promise.fail(fault ?? .unavailable("the connection is closed"))
        }
        guard !commands.isEmpty else { return promise.succeed([]) }
        var entry = Pending(name: name, count: commands.count, promise: promise)
        if let timeout {
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            entry.timeout = context.eventLoop.scheduleTask(in: timeout) { bound.value.fail(.timeout(command: name)) }
        }
        pending.append(entry)
        write(commands, context)
    }

    /// Sends commands whose replies go to `onPush`, as subscriptions do.
    func subscribe(_ commands: [RedisCommand], onPush: @escaping @Sendable (RESPValue) -> Void) {
        self.onPush = onPush
        guard let context else { return }
        write(commands, context)
    }

    private func write(_ commands: [RedisCommand], _ context: ChannelHandlerContext) {
        var buffer = context.channel.allocator.buffer(capacity: 256 * commands.count)
        for command in commands { command.write(to: &buffer) }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data))
        do {
            while let reply = try decoder.next() { receive(reply) }
        } catch {
            fail(error as? RedisError ?? .protocolViolation("\(error)"))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(.unavailable(RedisConnection.reason(error)))
    }

    func channelInactive(context: ChannelHandlerContext) {
        failPending()
        context.fireChannelInactive()
    }

    private func receive(_ reply: RESPValue) {
        if let onPush { return onPush(reply) }
        guard oldest < pending.count else { return fail(.protocolViolation("a reply without a command")) }
        pending[oldest].replies.append(reply)
        guard pending[oldest].replies.count == pending[oldest].count else { return }
        let done = pending[oldest]
        oldest += 1
        if oldest == pending.count {
            pending.removeAll(keepingCapacity: true)
            oldest = 0
        } else if oldest > 256 {
            pending.removeFirst(oldest)
            oldest = 0
        }
        done.timeout?.cancel()
        done.promise.succeed(done.replies)
    }

    /// The order of replies is lost, so the connection ends.
    private func fail(_ error: RedisError) {
        if fault == nil { fault = error }
        failPending()
        context?.close(promise: nil)
    }

    private func failPending() {
        let lost = pending[oldest...]
        pending = []
        oldest = 0
        for entry in lost {
            entry.timeout?.cancel()
            entry.promise.fail(fault ?? .connectionLost(command: entry.name))
        }
    }
}
