import Logging
import Storage
import Synchronization

/// One slot of a worker: takes one job after the other until it is told to stop.
package final class JobRunner: Sendable {
    private struct State {
        var isStopping = false
        var current: JobControl?
    }

    private let queue: JobQueue
    private let worker: WorkerID
    private let logger: Logger
    private let afterJob: @Sendable () -> Void
    private let giveUp: @Sendable () -> Void
    private let state = Mutex(State())
    private let turns: Mutex<JobTurns>

    /// - Parameters:
    ///   - classes: what it takes.
    ///   - afterJob: called when a job has ended, whichever way.
    ///   - giveUp: called when a run does not stop though it was told to: its thread cannot be taken back, so the process should
    ///     end. Its job is no longer its own by then.
    package init(
        queue: JobQueue, worker: WorkerID, classes: [JobClass] = JobClass.allCases, logger: Logger,
        afterJob: @escaping @Sendable () -> Void = {},
        giveUp: @escaping @Sendable () -> Void = {}
    ) {
        self.queue = queue
        self.worker = worker
        turns = Mutex(JobTurns(classes))
        self.logger = logger
        self.afterJob = afterJob
        self.giveUp = giveUp
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
        while !isStopping {
            do {
                if try await workOnce() { continue }
            } catch {
                logger.error("the job queue can't be read", metadata: ["outage": "\(AppError.cause(of: error))"])
                try? await Task.sleep(for: .seconds(1))
            }
            try? await Task.sleep(for: queue.policy.poll)
        }
    }

    /// Takes and ends one job; false where there was none.
    @discardableResult
    package func workOnce() async throws -> Bool {
        let order = turns.withLock { $0.order }
        guard let claim = try await queue.claim(by: worker, of: order) else { return false }
        turns.withLock { $0.take(claim.job.jobClass) }
        let control = JobControl(job: claim.job.id, requestID: claim.job.requestID)
        let mayBegin = state.withLock {
            $0.current = control
            return !$0.isStopping
        }
        if !mayBegin { control.stop(.shutdown) }
        defer { state.withLock { $0.current = nil } }
        await work(claim, control)
        afterJob()
        return true
    }

    /// How a run came to its end.
    private enum Ending: Sendable {
        case over(JobOutcome, JobWrites?)
        /// It was told to stop and did not.
        case givenUp(JobOutcome)
    }

    private func work(_ claim: JobQueue.Claim, _ control: JobControl) async {
        var log = logger
        log[metadataKey: "job"] = "\(claim.job.id)"
        log[metadataKey: "kind"] = "\(claim.job.kind)"
        // As in the server's log: one search finds the request and all that came of it.
        if let request = claim.job.requestID { log[metadataKey: "id"] = "\(request)" }
        let started = ContinuousClock.now
        switch await ending(of: claim, control, log) {
        case .over(let outcome, let writes): await finish(claim, outcome, writes, log)
        case .givenUp(let outcome):
            log.critical("a job does not stop; its worker ends", metadata: ["step": "\(control.progress.step ?? "")"])
            await finish(claim, outcome, nil, log)
            giveUp()
        }
        log.debug("job run over", metadata: ["seconds": "\((ContinuousClock.now - started).components.seconds)"])
    }

    /// The first of the run's own end and its heart's verdict that it will not end.
    private func ending(of claim: JobQueue.Claim, _ control: JobControl, _ log: Logger) async -> Ending {
        let (endings, continuation) = AsyncStream.makeStream(of: Ending.self)
        let run = Task {
            let ending = await self.run(claim, control, log)
            continuation.yield(ending)
            return ending
        }
        let heart = Task {
            if let outcome = await watch(claim, control, log) { continuation.yield(.givenUp(outcome)) }
        }
        var first: Ending?
        for await ending in endings {
            first = ending
            break
        }
        heart.cancel()
        await heart.value
        // Only a cancelled task gets none from the stream.
        if let first { return first }
        return await run.value
    }

    private func run(_ claim: JobQueue.Claim, _ control: JobControl, _ log: Logger) async -> Ending {
        do {
            try control.checkStop()
            return .over(.completed, try await claim.handler.run(claim.job.parameters, control))
        } catch {
            return .over(outcome(of: error, control.stopReason, log), nil)
        }
    }

    /// Carries progress to the row and the row's wishes to the run, and keeps the run's time.
    ///
    /// - Returns: what becomes of the job when the run does not stop; nil when it was cancelled, because the run is over.
    private func watch(_ claim: JobQueue.Claim, _ control: JobControl, _ log: Logger) async -> JobOutcome? {
        var pulse = Pulse(claim.handler.limits, grace: queue.policy.stopGrace)
        while true {
            do { try await Task.sleep(for: queue.policy.heartbeatInterval) } catch { return nil }
            switch pulse.look(at: control) {
            case .goOn: break
            case .stop(let failure):
                log.warning("job takes too long", metadata: ["reason": "\(failure)"])
                control.stop(.timeLimit(failure))
            case .giveUp: return outcome(of: CancellationError(), control.stopReason, log)
            }
            do {
                try await heartbeat(claim, control, &pulse)
            } catch is CancellationError {
                return nil
            } catch {
                log.warning("heartbeat failed", metadata: ["outage": "\(AppError.cause(of: error))"])
            }
        }
    }

    /// What is kept from heartbeat to heartbeat.
    private struct Pulse {
        var written = JobProgress.none
        var extended = ContinuousClock.now
        private var looked = ContinuousClock.now
        private var clock: JobClock

        init(_ limits: JobLimits, grace: Duration) {
            clock = JobClock(limits, grace: grace)
        }

        mutating func look(at control: JobControl) -> JobClock.Answer {
            let now = ContinuousClock.now
            defer { looked = now }
            return clock.tick(
                now - looked, reports: control.reports, step: control.progress.step,
                isStopping: control.stopReason != nil)
        }
    }

    private func heartbeat(_ claim: JobQueue.Claim, _ control: JobControl, _ pulse: inout Pulse) async throws {
        let progress = control.progress
        let isDue = ContinuousClock.now - pulse.extended > queue.policy.lease / 3
        let answer: JobState.HeartbeatReply
        if progress != pulse.written || isDue {
            answer = try await queue.heartbeat(claim, progress)
            pulse.written = progress
            pulse.extended = .now
            if isDue { try await queue.recoverExpired() }
        } else {
            answer = try await queue.look(claim)
        }
        switch answer {
        case .goOn: break
        case .cancel: control.stop(.cancelRequested)
        case .leaseLost: control.stop(.leaseLost)
        }
    }

    private func outcome(of error: any Error, _ reason: JobControl.StopReason?, _ log: Logger) -> JobOutcome {
        // Whatever a run throws after it was told to stop is how it stopped.
        if case .timeLimit(let failure) = reason {
            return .failed(message: failure.message, mayRepeat: failure.kind == .transient)
        }
        if reason != nil { return .stopped }
        if AppError.isDiskFull(error) {
            log.error("job waits: the disk is full", metadata: ["outage": "\(AppError.cause(of: error))"])
            return .postponed(step: Self.diskFull)
        }
        if let failure = error as? JobFailure {
            log.warning("job failed", metadata: ["error": "\(failure)"])
            switch failure.kind {
            case .permanent: return .failed(message: failure.message, mayRepeat: false)
            case .transient: return .failed(message: failure.message, mayRepeat: true)
            case .obsolete: return .obsolete
            }
        }
        log.error("job failed", metadata: ["error": "\(AppError.cause(of: error))"])
        return .failed(message: AppError.wrapping(error).message, mayRepeat: true)
    }

    private static let diskFull = "Waiting: the server's disk is full"

    /// Waits that grow, 10 minutes together: while nobody can write, nobody else can take the job either.
    private static let finishWaits = [1, 2, 3, 4, 5, 15, 30, 60, 120, 180, 180].map(Duration.seconds)

    /// Tries for a while: when the database stays away, the lease runs out and another worker takes the job.
    private func finish(_ claim: JobQueue.Claim, _ outcome: JobOutcome, _ writes: JobWrites?, _ log: Logger) async {
        var outcome = outcome
        for wait in Self.finishWaits {
            do {
                let answer = try await queue.finish(claim, outcome, writes: writes)
                log.info("job run ended", metadata: ["answer": "\(answer.name)"])
                return
            } catch let error as DatabaseError where error.isOutage {
                log.warning("job can't be finished yet", metadata: ["outage": "\(error)"])
                guard await sleepUnlessStopping(wait) else { break }
            } catch {
                // Its writes were refused: then the run has failed, and nothing of it is written.
                guard outcome == .completed else { break }
                outcome = self.outcome(of: error, nil, log)
            }
        }
        log.error("job is left to its lease")
    }

    /// False where the worker is to stop.
    private func sleepUnlessStopping(_ time: Duration) async -> Bool {
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end, !isStopping { try? await Task.sleep(for: .milliseconds(250)) }
        return !isStopping
    }
}

extension DatabaseError {
    /// Whether the same call may succeed later.
    fileprivate var isOutage: Bool { [.busy, .unavailable, .diskFull].contains(kind) }
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
