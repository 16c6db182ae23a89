import Logging

/// A worker's slots, which run jobs concurrently.
package final class JobWorker: Sendable {
    private let worker: WorkerID
    private let slots: WorkerSlots
    private let logger: Logger
    private let runners: [JobRunner]

    /// - Parameters:
    ///   - afterJob: called after each job.
    ///   - giveUp: called if a run ignores a stop: the process should exit.
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

    /// Stops the current jobs and releases them to other workers; `run` returns soon after.
    package func stop() {
        for runner in runners { runner.stop() }
    }

    /// Runs until `stop()`.
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
