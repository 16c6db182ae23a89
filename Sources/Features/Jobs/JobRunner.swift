import Imaging
import Logging
import Storage
import Synchronization

/// A worker's loop: takes one job after the other until it is told to stop.
package final class JobRunner: Sendable {
    private struct State {
        var isStopping = false
        var current: JobControl?
    }

    private let queue: JobQueue
    private let worker: WorkerID
    private let logger: Logger
    private let state = Mutex(State())

    package init(queue: JobQueue, worker: WorkerID, logger: Logger) {
        self.queue = queue
        self.worker = worker
        self.logger = logger
    }

    /// Lets the present job stop and be released to others; `run` returns soon after.
    package func stop() {
        state.withLock {
            $0.isStopping = true
            $0.current?.stop(.shutdown)
        }
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Works until `stop()`.
    package func run() async {
        logger.info("worker started", metadata: ["worker": "\(worker)"])
        while !isStopping {
            do {
                if try await workOnce() { continue }
            } catch {
                logger.error("the job queue can't be read", metadata: ["error": "\(AppError.cause(of: error))"])
                try? await Task.sleep(for: .seconds(1))
            }
            try? await Task.sleep(for: queue.policy.poll)
        }
        logger.info("worker stopped", metadata: ["worker": "\(worker)"])
    }

    /// Takes and ends one job; false where there was none.
    @discardableResult
    package func workOnce() async throws -> Bool {
        guard let claim = try await queue.claim(by: worker) else { return false }
        let control = JobControl(job: claim.job.id, requestID: claim.job.requestID)
        let mayBegin = state.withLock {
            $0.current = control
            return !$0.isStopping
        }
        if !mayBegin { control.stop(.shutdown) }
        defer { state.withLock { $0.current = nil } }
        await work(claim, control)
        return true
    }

    private func work(_ claim: JobQueue.Claim, _ control: JobControl) async {
        var log = logger
        log[metadataKey: "job"] = "\(claim.job.id)"
        log[metadataKey: "kind"] = "\(claim.job.kind)"
        // As in the server's log: one search finds the request and all that came of it.
        if let request = claim.job.requestID { log[metadataKey: "id"] = "\(request)" }
        let started = ContinuousClock.now
        let heart = Task { [log] in await watch(claim, control, log) }
        let outcome: JobOutcome
        var writes: JobWrites?
        do {
            try control.checkStop()
            writes = try await claim.handler.run(claim.job.parameters, control)
            outcome = .completed
        } catch {
            outcome = self.outcome(of: error, isStopped: control.stopReason != nil, log)
        }
        heart.cancel()
        await heart.value
        await finish(claim, outcome, writes, log)
        log.debug("job run over", metadata: ["seconds": "\((ContinuousClock.now - started).components.seconds)"])
    }

    /// Carries progress to the row and the row's wishes to the run.
    private func watch(_ claim: JobQueue.Claim, _ control: JobControl, _ log: Logger) async {
        var written = JobProgress.none
        var extended = ContinuousClock.now
        while true {
            do { try await Task.sleep(for: queue.policy.beat) } catch { return }
            let progress = control.progress
            let isDue = ContinuousClock.now - extended > queue.policy.lease / 3
            do {
                let answer: JobState.BeatAnswer
                if progress != written || isDue {
                    answer = try await queue.beat(claim, progress)
                    written = progress
                    extended = .now
                } else {
                    answer = try await queue.look(claim)
                }
                switch answer {
                case .goOn: break
                case .cancel: control.stop(.cancelRequested)
                case .leaseLost: control.stop(.leaseLost)
                }
            } catch is CancellationError {
                return
            } catch {
                log.warning("heartbeat failed", metadata: ["error": "\(AppError.cause(of: error))"])
            }
        }
    }

    private func outcome(of error: any Error, isStopped: Bool, _ log: Logger) -> JobOutcome {
        // Whatever a run throws after it was told to stop is how it stopped.
        if isStopped { return .stopped }
        if let failure = error as? JobFailure {
            log.warning("job failed", metadata: ["error": "\(failure)"])
            switch failure.kind {
            case .permanent: return .failed(message: failure.message, mayRepeat: false)
            case .transient: return .failed(message: failure.message, mayRepeat: true)
            case .pointless: return .pointless
            }
        }
        log.error("job failed", metadata: ["error": "\(AppError.cause(of: error))"])
        return .failed(message: AppError.wrapping(error).message, mayRepeat: true)
    }

    /// Tries for a while: when the database stays away, the lease runs out and another worker takes the job.
    private func finish(_ claim: JobQueue.Claim, _ outcome: JobOutcome, _ writes: JobWrites?, _ log: Logger) async {
        var outcome = outcome
        for attempt in 1...5 {
            do {
                let answer = try await queue.finish(claim, outcome, writes: writes)
                log.info("job run ended", metadata: ["answer": "\(answer.name)"])
                return
            } catch let error as DatabaseError where error.kind == .busy || error.kind == .unavailable {
                log.warning("job can't be finished yet", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(attempt))
            } catch {
                // Its writes were refused: then the run has failed, and nothing of it is written.
                guard outcome == .completed else { break }
                outcome = self.outcome(of: error, isStopped: false, log)
            }
        }
        log.error("job is left to its lease")
    }
}

extension JobState.FinishAnswer {
    /// For the log: without the message.
    fileprivate var name: String {
        switch self {
        case .end(let end): end.status.rawValue
        case .again: "again"
        case .leaseLost: "lease lost"
        }
    }
}
