import Storage

/// A job's state machine, as a value: transitions return what the caller must do and perform no I/O.
package struct JobState: Sendable, Equatable {
    package internal(set) var status: JobStatus
    /// The number of starts; of those, `losses` ended because the worker died or fell silent.
    package internal(set) var attempt: Int
    package internal(set) var losses: Int
    package let maximumAttempts: Int
    package internal(set) var runAfter: Timestamp
    package internal(set) var lease: JobLease?
    package internal(set) var isCancelRequested: Bool
    package internal(set) var progress: JobProgress
    package internal(set) var errorMessage: String?
    /// The time of the first start.
    package internal(set) var startedAt: Timestamp?
    package internal(set) var finishedAt: Timestamp?

    /// A job pending until `runAfter`.
    init(maximumAttempts: Int, runAfter: Timestamp) {
        status = .pending
        attempt = 0
        losses = 0
        self.maximumAttempts = maximumAttempts
        self.runAfter = runAfter
        isCancelRequested = false
        progress = .none
    }

    /// Runs that failed for other reasons than a lost worker.
    var failures: Int { attempt - losses }
}

extension JobState {
    enum ClaimAnswer: Equatable {
        case begin
        /// Another worker has it, or it is not due yet.
        case notDue
    }

    /// A worker claims the job.
    mutating func claim(_ lease: JobLease, at now: Timestamp) -> ClaimAnswer {
        guard status == .pending, runAfter <= now || runAfter.isMisdated(at: now) else { return .notDue }
        status = .running
        attempt += 1
        self.lease = lease
        progress = .none
        startedAt = startedAt ?? now
        checkInvariants()
        return .begin
    }

    enum HeartbeatReply: Equatable {
        case goOn
        /// The user wants to cancel it.
        case cancel
        /// The run no longer holds the job: nothing may be written.
        case leaseLost
    }

    /// The run with `token` reports its progress.
    mutating func heartbeat(_ token: JobLease.Token, progress: JobProgress, until expiry: Timestamp) -> HeartbeatReply {
        guard lease?.token == token else { return .leaseLost }
        lease?.expires = expiry
        self.progress = progress
        checkInvariants()
        return isCancelRequested ? .cancel : .goOn
    }

    enum FinishAnswer: Equatable {
        /// Write the run's results, if it completed, and notify the listeners.
        case end(JobEnd)
        /// It is pending again.
        case again
        /// The run no longer holds the job: its results are discarded.
        case leaseLost
    }

    /// The run with `token` has ended. An earlier cancellation takes precedence over its success.
    mutating func finish(
        _ outcome: JobOutcome, _ token: JobLease.Token, at now: Timestamp, policy: JobPolicy
    ) -> FinishAnswer {
        guard lease?.token == token else { return .leaseLost }
        if isCancelRequested { return .end(end(.cancelled, at: now)) }
        switch outcome {
        case .completed: return .end(end(.completed, at: now))
        case .obsolete: return .end(end(.cancelled, at: now))
        case .stopped:
            // The worker shuts down; the run does not count.
            attempt -= 1
            wait(until: now)
            return .again
        case .postponed(let step):
            // The job is fine: it waits until the resource is available or it is cancelled.
            attempt -= 1
            wait(until: now.advanced(by: policy.postponement))
            progress.step = step
            return .again
        case .failed(let message, let mayRepeat):
            guard mayRepeat, failures < maximumAttempts else { return .end(end(.failed(message), at: now)) }
            errorMessage = message
            wait(until: now.advanced(by: policy.backoff.delay(after: failures)))
            return .again
        }
    }

    enum LossAnswer: Equatable {
        case end(JobEnd)
        case again
        /// It is not running, or its lease is still valid.
        case notLost
    }

    /// The lease has expired (a misdated one: `LeaseWatch`), or its worker is known to be dead; `loss` is the cause.
    mutating func lose(
        workerIsDead: Bool = false, _ loss: JobLoss = .unknown, at now: Timestamp, policy: JobPolicy
    ) -> LossAnswer {
        guard status == .running, let lease,
            workerIsDead || lease.expires <= now || lease.expires.isMisdated(at: now)
        else { return .notLost }
        losses += 1
        if isCancelRequested { return .end(end(.cancelled, at: now)) }
        // The next run would need as much memory.
        if loss == .memory { return .end(end(.failed(JobLoss.outOfMemory), at: now)) }
        guard losses < (loss == .unknown ? policy.maximumLosses : policy.maximumCrashes) else {
            return .end(
                end(.failed("The job was stopped after \(losses) lost workers. Check the worker's log."), at: now))
        }
        // The first loss is usually bad luck; a job that kills its workers must not block other jobs.
        wait(until: losses == 1 ? now : now.advanced(by: policy.backoff.delay(after: losses - 1)))
        return .again
    }

    package enum CancelAnswer: Equatable {
        /// It had not started and has ended.
        case end(JobEnd)
        /// Its worker will notice the request.
        case asked
        case alreadyOver
    }

    /// The user requests cancellation.
    mutating func requestCancel(at now: Timestamp) -> CancelAnswer {
        switch status {
        case .pending:
            return .end(end(.cancelled, at: now))
        case .running:
            isCancelRequested = true
            checkInvariants()
            return .asked
        case .completed, .failed, .cancelled:
            return .alreadyOver
        }
    }

    private mutating func wait(until time: Timestamp) {
        status = .pending
        lease = nil
        runAfter = time
        progress = .none
        checkInvariants()
    }

    private mutating func end(_ end: JobEnd, at now: Timestamp) -> JobEnd {
        status = end.status
        lease = nil
        finishedAt = now
        switch end {
        case .completed:
            errorMessage = nil
            progress.fraction = 1
        case .failed(let message): errorMessage = message
        case .cancelled: errorMessage = nil
        }
        checkInvariants()
        return end
    }
}

extension JobState {
    /// The first violated invariant; `nil` in a correct program.
    var brokenInvariant: String? {
        if (status == .running) != (lease != nil) { return "a lease exactly while running" }
        if status.isOver != (finishedAt != nil) { return "a finishing time exactly when over" }
        if status == .pending && isCancelRequested { return "a cancelled job does not wait" }
        if status == .failed && errorMessage == nil { return "a failed job says why" }
        if attempt < 0 || losses < 0 || losses > attempt { return "no more losses than attempts" }
        if attempt > 0 && startedAt == nil { return "a job that was begun knows when" }
        if !(0...1).contains(progress.fraction) { return "progress within 0...1" }
        return nil
    }

    func checkInvariants() {
        assert(brokenInvariant == nil, "job state: \(brokenInvariant ?? "")")
    }
}
