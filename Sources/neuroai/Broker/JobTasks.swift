import Basics
import Celery
import Features
import Kernel
import Storage

/// The Celery tasks of a worker: its jobs, and maintenance.
struct JobTasks: Sendable {
    let intake: TaskIntake
    let runner: MessageRunner
    let maintenance: MaintenanceRun

    /// Seconds after which a job that another worker runs, or that the database does not give now, is tried again.
    private static let pause = 5.0

    var all: [CeleryTask] { TaskIntake.taskNames.map(job) + maintenance.tasks.map { maintain($0.name) } }

    private func job(_ name: String) -> CeleryTask {
        var options = CeleryTask.Options()
        // The job's row counts its attempts.
        options.maxRetries = nil
        options.tracksStart = true
        return CeleryTask(name, options) { context in
            do {
                let id = try await intake.job(
                    forMessage: context.id, task: name, arguments: try Self.keywords(of: context),
                    trace: context.request.headers[LogTracer.header]?.asText.flatMap(TraceContext.init(traceparent:)))
                // Not in the task of the message: the writes of a cancelled job must still be made.
                let run = Task { try await runner.run(id) }
                let outcome = try await withTaskCancellationHandler {
                    try await run.value
                } onCancel: {
                    guard context.interruption != .shutdown else { return }
                    Task { try? await runner.cancel(id) }
                }
                return try result(outcome, isOwnMessage: context.id == id.string)
            } catch let refusal as TaskIntake.Refusal {
                throw TaskFailure(type: "InvalidTask", message: refusal.description)
            } catch let error as DatabaseError where [.busy, .unavailable, .diskFull].contains(error.kind) {
                throw TaskExit.retry(after: Self.pause)
            }
        }
    }

    /// Clients may also pass the one id of a job as a positional argument.
    private static func keywords(of context: TaskContext) throws -> [String: JSONValue] {
        guard let first = context.arguments.first else { return context.keywords }
        guard context.arguments.count == 1, let name = positional[context.request.task] else {
            throw TaskIntake.Refusal(description: "Pass keyword arguments.")
        }
        return context.keywords.merging([name: first]) { $1 }
    }

    private static let positional = [
        SegmentCaseJob.taskName: "case_id", WriteReportJob.taskName: "result_id", ScoreMaskJob.taskName: "mask_id",
    ]

    private func result(_ outcome: MessageRunner.Outcome, isOwnMessage: Bool) throws -> JSONValue {
        switch outcome {
        case .completed(let values): return .object(values.mapValues { .text($0) })
        case .failed(let message): throw TaskFailure(type: "JobFailed", message: message)
        case .cancelled:
            throw TaskFailure(
                type: "TaskRevokedError", message: "The job was cancelled.", module: "celery.exceptions")
        case .missing: throw TaskFailure(type: "InvalidTask", message: "The job no longer exists.")
        case .again(let time, let reason):
            guard !runner.isStopping else { throw TaskExit.reject(requeue: true, reason: "The worker stops.") }
            throw TaskExit.retry(
                after: max(0, time.since(.now) / .seconds(1)),
                reason: reason.map { TaskFailure(type: "JobFailed", message: $0) })
        case .runsElsewhere:
            // The message with which it runs brings its result.
            guard !isOwnMessage else { throw TaskExit.ignore }
            throw TaskExit.retry(after: Self.pause)
        }
    }

    private func maintain(_ name: String) -> CeleryTask {
        CeleryTask(name) { _ in ["removed": .integer(try await maintenance.run(name))] }
    }
}
