import Basics
import Foundation
import Synchronization

/// A kind of task that a worker runs.
package struct CeleryTask: Sendable {
    package typealias Handler = @Sendable (TaskContext) async throws -> JSONValue

    package let name: String
    package let options: Options
    let run: Handler

    /// - Parameter run: returns the result, or throws: a `TaskExit`, a `TaskFailure` with the exception that clients
    ///   shall see, or any other error, whose type and description they see.
    package init(_ name: String, _ options: Options = Options(), run: @escaping Handler) {
        self.name = name
        self.options = options
        self.run = run
    }

    /// As the attributes of a Celery task (https://docs.celeryq.dev/en/stable/reference/celery.app.task.html).
    package struct Options: Sendable {
        /// Whether a message is acknowledged after the task, so that a task whose worker dies runs again; otherwise before.
        package var acknowledgesLate = true
        package var maxRetries: Int? = 3
        /// Seconds.
        package var retryDelay: Double = 180
        /// Seconds, after which the task is cancelled and fails; a message's own limit goes first.
        package var timeLimit: Double?
        /// Seconds, after which `TaskContext.interruption` says so.
        package var softTimeLimit: Double?
        /// Such as `10/m`.
        package var rateLimit: RateLimit?
        package var ignoresResult = false
        /// Whether the state STARTED is stored.
        package var tracksStart = false

        package init() {}
    }
}

/// How a handler ends a task other than by a result or an error.
package enum TaskExit: Error, Sendable {
    /// Again after some seconds, by default the task's `retryDelay`. When `maxRetries` is exceeded, the task fails with `reason`.
    case retry(after: Double? = nil, reason: TaskFailure? = nil, maxRetries: Int? = nil)
    /// The message is given up, or returned to its queue.
    case reject(requeue: Bool, reason: String)
    /// Acknowledged without a result.
    case ignore
}

struct RetryRequest: Sendable {
    let eta: Date
    let reason: TaskFailure?
}

/// What a handler is given.
package struct TaskContext: Sendable {
    package let request: TaskRequest
    /// The node name of the worker.
    package let worker: String
    let signal: InterruptionSignal

    package var id: String { request.id }
    package var arguments: [JSONValue] { request.arguments }
    package var keywords: [String: JSONValue] { request.keywords }

    /// Why the task should end. For all but the soft time limit its Swift task is cancelled as well.
    package var interruption: Interruption? { signal.current }
}

/// Why a task should end before it is done.
package enum Interruption: Sendable, Equatable {
    /// `revoke(terminate=True)`, with the signal that was asked for.
    case revoked(signal: String)
    case softTimeLimit
    case timeLimit
    /// The worker stops; the message is returned to its queue.
    case shutdown
}

final class InterruptionSignal: Sendable {
    private let value = Mutex<Interruption?>(nil)

    var current: Interruption? { value.withLock { $0 } }

    func set(_ interruption: Interruption) { value.withLock { $0 = interruption } }
}
