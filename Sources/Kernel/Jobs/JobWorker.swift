import Logging

/// A worker's slots: each runs one job after the other, beside the others.
package final class JobWorker: Sendable {
    private let worker: WorkerID
    private let slots: WorkerSlots
    private let logger: Logger
    private let runners: [JobRunner]

    /// - Parameters:
    ///   - afterJob: called when a job has ended, whichever way.
    ///   - giveUp: called when a run does not stop though it was told to: the process should end.
    package init(
        queue: JobQueue, worker: WorkerID, slots: WorkerSlots, logger: Logger,
        afterJob: @escaping @Sendable () -> Void = {}, giveUp: @escaping @Sendable () -> Void = {}
    ) {
        self.worker = worker
        self.slots = slots
        self.logger = logger
        runners = slots.slots.map { classes in
            JobRunner(
                queue: queue, worker: worker, classes: classes, logger: logger, afterJob: afterJob, giveUp: giveUp)
        }
    }

    /// Lets the present jobs stop and be released to others; `run` returns soon after.
    package func stop() {
        for runner in runners { runner.stop() }
    }

    /// Works until `stop()`.
    package func run() async {
        logger.info(
            "worker started",
            metadata: [
                "worker": "\(worker)", "classes": "\(JobClass.text(slots.classes))", "slots": "\(slots.count)",
            ])
        await withTaskGroup(of: Void.self) { group in
            for runner in runners { group.addTask { await runner.run() } }
        }
        logger.info("worker stopped", metadata: ["worker": "\(worker)"])
    }
}
