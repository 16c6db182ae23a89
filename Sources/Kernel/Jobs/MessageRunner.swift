import Logging
import Storage
import Synchronization

/// Runs the jobs that messages of a broker carry. The row decides what happens: a message only names it.
package final class MessageRunner: Sendable {
    private struct State {
        var isStopping = false
        var running: [ID<JobRecord>: JobControl] = [:]
    }

    private let queue: JobQueue
    private let worker: WorkerID
    private let logger: Logger
    private let afterJob: @Sendable () -> Void
    private let giveUp: @Sendable () -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - afterJob: called after each job.
    ///   - giveUp: called if a run ignores a stop: the process should exit.
    package init(
        queue: JobQueue, worker: WorkerID, logger: Logger, afterJob: @escaping @Sendable () -> Void = {},
        giveUp: @escaping @Sendable () -> Void = {}
    ) {
        self.queue = queue
        self.worker = worker
        self.logger = logger
        self.afterJob = afterJob
        self.giveUp = giveUp
    }

    /// What became of a message's job.
    package enum Outcome: Sendable, Equatable {
        /// With the result for the client.
        case completed([String: String])
        case failed(String)
        case cancelled
        /// It is to run again, at this time.
        case again(at: Timestamp, reason: String?)
        /// Another worker runs it.
        case runsElsewhere
        /// Its row no longer exists.
        case missing
    }

    /// Runs the job unless it is over, not due or run by another worker.
    package func run(_ id: ID<JobRecord>) async throws -> Outcome {
        switch try await queue.claim(id, by: worker) {
        case .run(let claim): return try await run(claim)
        case .notDue(let job): return .again(at: job.state.runAfter, reason: job.state.errorMessage)
        case .over(let job): return try await outcome(of: job)
        case .runsElsewhere: return .runsElsewhere
        case .missing: return .missing
        }
    }

    private func run(_ claim: JobQueue.Claim) async throws -> Outcome {
        let control = JobControl(claim.job, logger: logger)
        let mayBegin = state.withLock {
            $0.running[claim.job.id] = control
            return !$0.isStopping
        }
        if !mayBegin { control.stop(.shutdown) }
        defer { _ = state.withLock { $0.running.removeValue(forKey: claim.job.id) } }
        let run = JobRun(queue: queue, giveUp: giveUp, isStopping: { [self] in isStopping })
        await run.work(claim, control)
        afterJob()
        guard let job = try await queue.find(claim.job.id) else { return .missing }
        return try await outcome(of: job)
    }

    private func outcome(of job: JobRecord) async throws -> Outcome {
        switch job.state.status {
        case .completed: .completed(try await queue.result(of: job))
        case .failed: .failed(job.state.errorMessage ?? "")
        case .cancelled: .cancelled
        case .pending: .again(at: job.state.runAfter, reason: job.state.errorMessage)
        case .running: .runsElsewhere
        }
    }

    /// Recovers the jobs of silent workers until the task is cancelled, so that they get a new message: the broker delivers
    /// the old one again only after its visibility timeout.
    package func recoverExpired() async {
        while (try? await Task.sleep(for: queue.policy.lease / 3)) != nil {
            do {
                try await queue.recoverExpired()
            } catch {
                logger.warning("lost jobs can't be looked for", metadata: ["outage": "\(AppError.cause(of: error))"])
            }
        }
    }

    package var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Cancels a job for the operator (`control revoke`), wherever it is.
    package func cancel(_ id: ID<JobRecord>) async throws {
        try await queue.cancel(id)
        state.withLock { $0.running[id] }?.stop(.cancelRequested)
    }

    /// Stops the running jobs and releases them to other workers.
    package func stop() {
        let running = state.withLock { state in
            state.isStopping = true
            return Array(state.running.values)
        }
        for control in running { control.stop(.shutdown) }
    }
}
