import Basics
import Foundation
import Logging
import Redis
import Synchronization

/// A worker of a Celery cluster: it takes task messages from Redis, runs handlers, stores results, answers `celery inspect` and
/// `celery control`, and sends events for monitors.
package final class CeleryWorker: Sendable {
    private let configuration: WorkerConfiguration
    private let core: WorkerCore
    private let broker: Broker
    private let backend: ResultBackend?
    private let consumer: BrokerConsumer
    private let control: RemoteControl
    private let events: EventDispatcher
    private let logger: Logger
    private let stopping = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    package init(_ configuration: WorkerConfiguration, tasks: [CeleryTask], logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        var options = configuration.redis
        options.name = configuration.nodeName
        broker = Broker(
            configuration.broker, keys: configuration.keys, visibilityTimeout: configuration.visibilityTimeout,
            options: options)
        backend = configuration.backend.map {
            ResultBackend(
                $0, expiry: configuration.resultExpiry, isExtended: configuration.extendsResults, options: options)
        }
        let clock = LamportClock()
        events = EventDispatcher(
            broker, nodeName: configuration.nodeName, clock: clock, sendsTaskEvents: configuration.sendsTaskEvents)
        let canvas = Canvas(
            broker: broker, backend: backend, origin: configuration.nodeName,
            defaultQueue: configuration.defaultQueue)
        core = WorkerCore(
            configuration, tasks, broker,
            Completion(canvas: canvas, backend: backend, worker: configuration.nodeName), events, logger)
        consumer = BrokerConsumer(broker, queues: configuration.queues) { queue, reason in
            logger.error("Message discarded", metadata: ["queue": "\(queue)", "error": "\(reason)"])
        }
        control = RemoteControl(
            core: core, consumer: consumer, broker: broker, events: events, clock: clock, configuration: configuration,
            stop: { [stopping] in stopping.continuation.yield() })
    }

    /// Ends `run`: no further task starts, running ones may end within `shutdownTimeout`.
    package func stop() { stopping.continuation.yield() }

    /// Works until `stop`, `control shutdown` or the cancellation of the calling task. Afterwards every message is either
    /// acknowledged or back in its queue. Outages of Redis are waited out.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            let consuming = Task { await self.consume() }
            group.addTask { await self.maintain() }
            group.addTask { await self.control.run() }
            group.addTask { await self.sendHeartbeats() }
            await withTaskCancellationHandler {
                for await _ in stopping.stream { break }
            } onCancel: {
                stopping.continuation.yield()
            }
            // What follows must also be done when the calling task has been cancelled.
            await Task { await self.shutDown(consuming) }.value
            group.cancelAll()
        }
        await broker.shutdown()
        await backend?.shutdown()
    }

    // MARK: Parts

    private func consume() async {
        var failures = 0
        while true {
            do {
                try await consumer.connect()
                failures = 0
                logger.info("Connected", metadata: ["broker": "\(broker.url.redacted)"])
                while case let room = await core.room(), room > 0 {
                    let deliveries = try await consumer.take(room)
                    await core.receive(deliveries)
                }
                return await consumer.disconnect()
            } catch {
                await consumer.disconnect()
                if await core.isStopping { return }
                failures += 1
                logger.warning("Broker connection failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: configuration.redis.delay(after: failures))
            }
        }
    }

    /// Keeps held messages from being delivered again, and returns those of workers that died.
    private func maintain() async {
        let renewal = configuration.visibilityTimeout / 3
        let interval = min(configuration.restoreInterval, renewal)
        var renewed = Date.now
        while !Task.isCancelled {
            do {
                if Date.now.timeIntervalSince(renewed) >= renewal {
                    try await broker.renew(await core.held.unacknowledged)
                    renewed = .now
                }
                let restored = try await broker.restoreOverdue()
                if restored > 0 { logger.warning("Messages redelivered", metadata: ["count": "\(restored)"]) }
            } catch {
                logger.debug("Redelivery postponed", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(interval))
        }
    }

    private func sendHeartbeats() async {
        await events.sendWorker("worker-online", await heartbeat())
        while !Task.isCancelled {
            guard (try? await Task.sleep(for: .seconds(configuration.heartbeatInterval))) != nil else { return }
            await events.sendWorker("worker-heartbeat", await heartbeat())
        }
    }

    private func heartbeat() async -> [String: JSONValue] {
        var load = [0.0, 0, 0]
        _ = getloadavg(&load, 3)
        return await [
            "freq": .number(configuration.heartbeatInterval), "active": .integer(core.held.count(.active)),
            "processed": .integer(core.totals.values.reduce(0, +)),
            "loadavg": .list(load.map { .number(($0 * 100).rounded() / 100) }),
            "sw_ident": "neuroai", "sw_ver": .text(configuration.softwareVersion), "sw_sys": "Linux",
        ]
    }

    private func shutDown(_ consuming: Task<Void, Never>) async {
        await core.stopAccepting()
        await consumer.stop()
        await core.stopStarting()
        let deadline = Task {
            guard (try? await Task.sleep(for: .seconds(configuration.shutdownTimeout))) != nil else { return }
            await core.interruptAll()
            // A broker that cannot be reached must not hold up the end: its messages are delivered again later.
            guard (try? await Task.sleep(for: .seconds(5))) != nil else { return }
            await consumer.disconnect()
            await broker.shutdown()
            await backend?.shutdown()
        }
        await consuming.value
        await core.idle()
        deadline.cancel()
        await events.flush()
        await events.sendWorker("worker-offline", await heartbeat())
    }
}
