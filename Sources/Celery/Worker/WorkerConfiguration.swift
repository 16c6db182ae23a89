import Foundation
import Redis

/// How a worker runs. Celery's names of the settings are in parentheses.
package struct WorkerConfiguration: Sendable {
    /// (`broker_url`)
    package var broker: RedisURL
    /// Without one, results are not stored and chords do not end. (`result_backend`)
    package var backend: RedisURL?
    /// The name of the worker among all, `celery@host`. (`--hostname`)
    package var nodeName: String
    /// (`--queues`)
    package var queues: [String]
    /// Where signatures without a queue are sent. (`task_default_queue`)
    package var defaultQueue = "celery"
    /// How many tasks run at the same time. (`--concurrency`)
    package var concurrency = 2
    /// How many messages are held for each task that can run. (`worker_prefetch_multiplier`)
    package var prefetchMultiplier = 4
    /// Seconds. (`broker_transport_options: visibility_timeout`)
    package var visibilityTimeout: Double = 3600
    /// Seconds between looks for overdue messages. (`unacked_restore_interval`)
    package var restoreInterval: Double = 30
    /// Seconds. (`result_expires`)
    package var resultExpiry = 86_400
    /// (`result_extended`)
    package var extendsResults = false
    /// How long running tasks may go on after `stop`, in seconds; then they are cancelled and returned to their queues.
    package var shutdownTimeout: Double = 30
    /// Seconds. (`--heartbeat-interval`)
    package var heartbeatInterval: Double = 2
    /// Also switched by `control enable_events`. (`--task-events`)
    package var sendsTaskEvents = false
    /// Shown by monitors.
    package var softwareVersion = ""
    package var keys = BrokerKeys()
    package var redis = RedisOptions()

    package init(broker: RedisURL, backend: RedisURL?, nodeName: String? = nil, queues: [String] = ["celery"]) {
        self.broker = broker
        self.backend = backend
        self.nodeName = nodeName ?? "celery@\(ProcessInfo.processInfo.hostName)"
        self.queues = queues
    }
}
