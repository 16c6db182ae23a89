import Logging
import Storage

/// Runs a claimed job: writes its progress, passes on cancellation, enforces its time limits, and writes its outcome.
struct JobRun: Sendable {
    let queue: JobQueue
    /// Called if a run ignores a stop.
    let giveUp: @Sendable () -> Void
    /// Whether the worker is stopping.
    let isStopping: @Sendable () -> Bool

    /// How a run ended.
    private enum Ending: Sendable {
        case over(JobOutcome, JobWrites?)
        /// It ignored a stop.
        case givenUp(JobOutcome)
    }

    /// Returns when the run has ended and its outcome is written, or left to the lease.
    func work(_ claim: JobQueue.Claim, _ control: JobControl) async {
        let isGivenUp = await control.trace.run { await workToEnd(claim, control) }
        control.trace.end()
        if isGivenUp { giveUp() }
    }

    /// - Returns: whether the run ignored a stop.
    private func workToEnd(_ claim: JobQueue.Claim, _ control: JobControl) async -> Bool {
        let log = control.trace.logger
        switch await ending(of: claim, control, log) {
        case .over(let outcome, let writes):
            await finish(claim, control, outcome, writes, log)
            return false
        case .givenUp(let outcome):
            log.critical("a job does not stop; its worker ends", metadata: ["step": "\(control.progress.step ?? "")"])
            await finish(claim, control, outcome, nil, log)
            return true
        }
    }

    /// Whichever comes first: the end of the run, or the heartbeat's decision to give it up.
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
        // The stream is empty only for a cancelled task.
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

    /// Writes progress to the row, passes cancellation to the run, and enforces its time limits.
    ///
    /// - Returns: the job's outcome if the run ignores a stop; `nil` if the run ended first and cancelled this.
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

    /// State between heartbeats.
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
        // An error after a stop is the effect of the stop.
        if case .timeLimit(let failure) = reason {
            return .failed(message: failure.message, mayRepeat: failure.kind == .transient)
        }
        if reason != nil { return .stopped }
        if AppError.isDiskFull(error) {
            log.error("job waits: the disk is full", metadata: ["outage": "\(AppError.cause(of: error))"])
            return .postponed(step: Self.diskFull)
        }
        if AppError.isStorageOutage(error) {
            log.error("job waits: file storage is unavailable", metadata: ["outage": "\(AppError.cause(of: error))"])
            return .postponed(step: Self.storageOutage)
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
    private static let storageOutage = "Waiting: file storage is unavailable"

    /// Increasing waits, 10 minutes in total: while the database is not writable, no other worker can take the job
    /// either.
    private static let finishWaits = [1, 2, 3, 4, 5, 15, 30, 60, 120, 180, 180].map(Duration.seconds)

    /// Retries for a while: if the database stays unavailable, the lease expires and another worker takes the job.
    private func finish(
        _ claim: JobQueue.Claim, _ control: JobControl, _ outcome: JobOutcome, _ writes: JobWrites?, _ log: Logger
    ) async {
        var outcome = outcome
        let observations = control.observations(of: claim.job.kind)
        for wait in Self.finishWaits {
            do {
                let answer = try await queue.finish(claim, outcome, writes: writes, observations: observations)
                log.info("job run ended", metadata: ["answer": "\(answer.name)"])
                return
            } catch let error as DatabaseError where error.isOutage {
                log.warning("job can't be finished yet", metadata: ["outage": "\(error)"])
                guard await sleepUnlessStopping(wait) else { break }
            } catch {
                // The database rejected the writes: the run has failed, and nothing of it is written.
                guard outcome == .completed else { break }
                outcome = self.outcome(of: error, nil, log)
            }
        }
        log.error("job is left to its lease")
    }

    /// False if the worker is stopping.
    private func sleepUnlessStopping(_ time: Duration) async -> Bool {
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end, !isStopping() { try? await Task.sleep(for: .milliseconds(250)) }
        return !isStopping()
    }
}

extension DatabaseError {
    /// Whether a retry may succeed.
    fileprivate var isOutage: Bool { [.busy, .unavailable, .diskFull].contains(kind) }
}

extension JobState.FinishAnswer {
    /// For the log, without the message.
    fileprivate var name: String {
        switch self {
        case .end(let end): end.status.rawValue
        case .again: "again"
        case .leaseLost: "lease lost"
        }
    }
}
