import HummingbirdCore
import Logging
import NIOCore

extension HTTPServerBuilder {
    /// As `http1`, but with `LoopBoundChannel` and a check of absolute targets' hosts; `connections` tracks open
    /// connections.
    package static func loopBound(
        configuration: HTTP1Channel.Configuration = .init(), connections: OpenConnections = OpenConnections()
    ) -> HTTPServerBuilder {
        HTTPServerBuilder {
            LoopBoundChannel(
                base: TargetCheckedChannel(base: HTTP1Channel(responder: $0, configuration: configuration)),
                connections: connections)
        }
    }
}

/// HTTP whose requests run on the event loop of their connection: switching threads twice per request costs more than
/// most calls. Blocking and long work has its own threads (`ThreadPool`).
struct LoopBoundChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = Base.Value

    let base: Base
    let connections: OpenConnections

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        connections.add(channel)
        return base.setup(channel: channel, logger: logger)
    }

    func handle(value: Value, logger: Logger) async {
        await withTaskExecutorPreference(LoopExecutor(loop: value.channel.eventLoop)) {
            await base.handle(value: value, logger: logger)
        }
    }
}

/// Runs a task's jobs on one event loop.
private final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(loop: any EventLoop) {
        self.loop = loop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
