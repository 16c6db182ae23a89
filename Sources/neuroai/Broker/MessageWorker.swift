import Celery
import Foundation
import Kernel
import Logging
import ServiceLifecycle

/// Takes jobs from a broker's queues until shutdown.
struct MessageWorker: Service {
    let worker: CeleryWorker
    let runner: MessageRunner

    func run() async throws {
        let recovery = Task { await runner.recoverExpired() }
        defer { recovery.cancel() }
        await withTaskCancellationOrGracefulShutdownHandler {
            await worker.run()
        } onCancelOrGracefulShutdown: {
            runner.stop()
            worker.stop()
        }
        guard !Task.isShuttingDownGracefully, !Task.isCancelled else { return }
        // `celery control shutdown`: the whole process ends as after SIGTERM.
        kill(getpid(), SIGTERM)
        try? await gracefulShutdown()
    }
}

/// Sends messages for jobs until shutdown.
struct JobPublishing: Service {
    let publisher: JobPublisher
    let broker: CeleryJobBroker

    func run() async throws {
        await cancelWhenGracefulShutdown { await publisher.run() }
        await broker.client.shutdown()
    }
}
