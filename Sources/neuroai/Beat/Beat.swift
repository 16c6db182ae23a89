import Features
import Kernel
import Logging
import ServiceLifecycle
import Storage

/// Starts periodic tasks when they are due.
///
/// Any number of schedulers may run on one database: each due task is started by the one that first records the run.
struct Beat: Service {
    let entries: [BeatEntry]
    let database: any Database
    let logger: Logger
    /// Runs the task or sends it to a worker.
    let start: @Sendable (BeatEntry) async throws -> Void

    /// Another scheduler may have run a task in the meantime, and the clock may have changed.
    private static let longestPause: Duration = .seconds(60)
    private static let pauseAfterFailure: Duration = .seconds(5)
    /// A last run this far in the future was recorded by a wrong clock.
    private static let clockTolerance: Duration = .seconds(60)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                var pause = Self.pauseAfterFailure
                do {
                    pause = try await tick()
                } catch {
                    logger.error("the schedule can't be read", metadata: ["outage": "\(AppError.cause(of: error))"])
                }
                try? await Task.sleep(for: pause)
            }
        }
    }

    /// Starts the tasks that are due, one after another.
    ///
    /// - Returns: the time until the next one is due.
    func tick(at now: @Sendable () -> Timestamp = { .now }) async throws -> Duration {
        var runs = try await database.read { try PeriodicTaskStore($0).lastRuns() }
        for entry in entries {
            let time = now()
            guard isDue(entry, lastRun: runs[entry.name], at: time) else { continue }
            let last = runs[entry.name]
            let isOurs = try await database.write {
                try PeriodicTaskStore($0).claim(entry.name, lastRun: last, at: time)
            }
            // Otherwise another scheduler has run it just now.
            runs[entry.name] = time
            // A task without a row waits for its first time, as in Celery.
            guard isOurs, let last, !isFuture(last, at: time) else { continue }
            await startNow(entry)
        }
        let time = now()
        let next = entries.map { $0.schedule.due(after: runs[$0.name] ?? time) }.min() ?? time
        return min(Self.longestPause, max(.zero, next.since(time)))
    }

    private func isDue(_ entry: BeatEntry, lastRun: Timestamp?, at time: Timestamp) -> Bool {
        guard let lastRun else { return true }
        return isFuture(lastRun, at: time) || entry.schedule.due(after: lastRun) <= time
    }

    private func isFuture(_ last: Timestamp, at time: Timestamp) -> Bool {
        last > time.advanced(by: Self.clockTolerance)
    }

    private func startNow(_ entry: BeatEntry) async {
        logger.info("periodic task is due", metadata: ["entry": "\(entry.name)", "task": "\(entry.task)"])
        do {
            try await start(entry)
        } catch {
            logger.error(
                "a periodic task failed",
                metadata: ["entry": "\(entry.name)", "error": "\(AppError.cause(of: error))"])
        }
    }
}
