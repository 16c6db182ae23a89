import Logging
import Storage

/// The transactions of workers on the `jobs` table.
package struct JobQueue: Sendable {
    private let database: any Database
    private let handlers: [String: JobHandler]
    private let kinds: [String]
    private let logger: Logger
    let policy: JobPolicy
    private let usesMessages: Bool
    private let loss: @Sendable (WorkerID) -> JobLoss
    private let leaseWatch = LeaseWatch()

    /// - Parameters:
    ///   - usesMessages: whether messages carry the jobs: the worker that has a job's message sends it again when the
    ///     job must be repeated.
    ///   - loss: returns how a worker was lost.
    package init(
        database: any Database, handlers: [JobHandler], logger: Logger, policy: JobPolicy = JobPolicy(),
        usesMessages: Bool = false, loss: @escaping @Sendable (WorkerID) -> JobLoss = { _ in .unknown }
    ) {
        self.usesMessages = usesMessages
        self.loss = loss
        self.database = database
        self.handlers = Dictionary(handlers.map { ($0.kind, $0) }, uniquingKeysWith: { $1 })
        self.kinds = self.handlers.keys.sorted()
        self.logger = logger
        self.policy = policy
    }

    /// A run started by this worker.
    struct Claim: Sendable {
        let job: JobRecord
        let token: JobLease.Token
        let handler: JobHandler
    }

    /// Claims the next due job; `nil` if there is none.
    ///
    /// - Parameter classes: the allowed classes, in order of preference.
    func claim(
        by owner: WorkerID, of classes: [JobClass] = JobClass.allCases, at now: Timestamp = .now
    ) async throws -> Claim? {
        // Queries need no lock, and usually there is nothing to recover.
        let (leases, due) = try await database.read { connection in
            let store = JobStore(connection)
            return (try store.expired(kinds, at: now), try classes.filter { try store.hasDue($0, kinds, at: now) })
        }
        let expired = lost(among: leases, at: now)
        if !expired.isEmpty {
            await recover(expired, workerIsDead: false, at: now)
            // One of them may be the next.
            return try await take(classes, by: owner, at: now)
        }
        return due.isEmpty ? nil : try await take(due, by: owner, at: now)
    }

    /// What a worker does with a message.
    enum MessageClaim: Sendable {
        case run(Claim)
        /// It is not due before this time.
        case notDue(JobRecord)
        /// Another worker runs it.
        case runsElsewhere
        case over(JobRecord)
        case missing
    }

    /// Claims the job that a message carries.
    func claim(_ id: ID<JobRecord>, by owner: WorkerID, at now: Timestamp = .now) async throws -> MessageClaim {
        try await database.write { connection in
            let store = JobStore(connection)
            guard var job = try store.lock(id), let handler = handlers[job.kind] else { return .missing }
            switch job.state.status {
            case .completed, .failed, .cancelled: return .over(job)
            case .running: return .runsElsewhere
            case .pending: break
            }
            let lease = JobLease(owner: owner, token: ID(), expires: now.advanced(by: policy.lease))
            guard job.state.claim(lease, at: now) == .begin else { return .notDue(job) }
            try store.save(job, heartbeat: now)
            return .run(Claim(job: job, token: lease.token, handler: handler))
        }
    }

    /// What a client receives as the result of a completed job.
    func result(of job: JobRecord) async throws -> [String: String] {
        guard let handler = handlers[job.kind] else { return [:] }
        return try await database.read { connection in
            try handler.result(job.parameters, connection)
                .merging(["job_id": job.id.string, "status": job.state.status.rawValue]) { $1 }
        }
    }

    func find(_ id: ID<JobRecord>) async throws -> JobRecord? {
        try await database.read { try JobStore($0).find(id) }
    }

    /// Cancels a job, for the operator.
    func cancel(_ id: ID<JobRecord>, at now: Timestamp = .now) async throws {
        try await database.write { connection in
            guard let job = try JobStore(connection).find(id) else { return }
            let answer = try JobStore(connection).requestCancel(id, at: now)
            if case .end(let end) = answer { try handlers[job.kind]?.ended(end, job.parameters, connection) }
        }
    }

    private func take(_ due: [JobClass], by owner: WorkerID, at now: Timestamp) async throws -> Claim? {
        return try await database.write { connection in
            for jobClass in due {
                if let claim = try take(jobClass, by: owner, at: now, in: connection) { return claim }
            }
            return nil
        }
    }

    /// Recovers the jobs of silent workers; busy workers do this as well, since they may be the only ones left.
    func recoverExpired(at now: Timestamp = .now) async throws {
        let leases = try await database.read { try JobStore($0).expired(kinds, at: now) }
        await recover(lost(among: leases, at: now), workerIsDead: false, at: now)
    }

    private func lost(among leases: [LeaseWatch.Lease], at now: Timestamp) -> [ID<JobRecord>] {
        let misdated = leases.filter { $0.expires.isMisdated(at: now) }
        return leases.filter { $0.expires <= now }.map(\.job) + leaseWatch.unchanged(misdated, for: policy.lease)
    }

    /// Immediately recovers the jobs of a worker that is known to be dead.
    package func recover(from owner: WorkerID, at now: Timestamp = .now) async throws {
        let held = try await database.read { try JobStore($0).running(by: owner, kinds) }
        await recover(held, workerIsDead: true, at: now)
    }

    private func take(
        _ jobClass: JobClass, by owner: WorkerID, at now: Timestamp, in connection: any DatabaseConnection
    ) throws -> Claim? {
        let store = JobStore(connection)
        let lease = JobLease(owner: owner, token: ID(), expires: now.advanced(by: policy.lease))
        guard var job = try store.lockDue(jobClass, kinds, at: now), let handler = handlers[job.kind] else {
            return nil
        }
        guard job.state.claim(lease, at: now) == .begin else { return nil }
        try store.save(job, heartbeat: now)
        return Claim(job: job, token: lease.token, handler: handler)
    }

    /// Tells that a job of these classes waits; also after every moment in which one may have been missed.
    func wakes(of classes: [JobClass]) -> AsyncFilterSequence<AsyncStream<DatabaseNotification>> {
        database.notifications(of: [.jobs]).filter { notification in
            switch notification {
            case .resync: true
            case .message(_, let payload): JobClass(rawValue: payload).map(classes.contains) ?? true
            }
        }
    }

    /// How long there is nothing to do for these classes, unless a notification arrives.
    func pause(of classes: [JobClass], at now: Timestamp = .now) async throws -> Duration {
        guard let next = try await database.read({ try JobStore($0).nextDue(classes, kinds) }) else {
            return policy.poll
        }
        // A job that is due but was not claimed is being claimed by another worker.
        return min(policy.poll, max(.milliseconds(10), .microseconds(next.microseconds - now.microseconds)))
    }

    /// Each in its own transaction: a failing recovery must not block the others.
    private func recover(_ ids: [ID<JobRecord>], workerIsDead: Bool, at now: Timestamp) async {
        for id in ids {
            do {
                try await database.write { connection in
                    try recover(id, workerIsDead: workerIsDead, at: now, in: connection)
                }
            } catch {
                logger.error(
                    "a lost job can't be recovered",
                    metadata: ["job": "\(id)", "outage": "\(AppError.cause(of: error))"])
            }
        }
    }

    private func recover(
        _ id: ID<JobRecord>, workerIsDead: Bool, at now: Timestamp, in connection: any DatabaseConnection
    ) throws {
        let store = JobStore(connection)
        guard var job = try store.lock(id) else { return }
        let loss = job.state.lease.map { self.loss($0.owner) } ?? .unknown
        let answer = job.state.lose(workerIsDead: workerIsDead, loss, at: now, policy: policy)
        guard answer != .notLost else { return }
        try store.save(job)
        guard case .end(let end) = answer else { return }
        try handlers[job.kind]?.ended(end, job.parameters, connection)
        try MetricStore(connection).add(job.observations)
    }

    /// Whether the run should continue, without writing anything.
    func look(_ claim: Claim) async throws -> JobState.HeartbeatReply {
        try await database.read { connection in
            guard let state = try JobStore(connection).find(claim.job.id)?.state, state.lease?.token == claim.token
            else { return .leaseLost }
            return state.isCancelRequested ? .cancel : .goOn
        }
    }

    /// The same, also writing the run's progress and extending its lease.
    func heartbeat(_ claim: Claim, _ progress: JobProgress, at now: Timestamp = .now) async throws
        -> JobState.HeartbeatReply
    {
        try await database.write { connection in
            let store = JobStore(connection)
            guard var job = try store.lock(claim.job.id) else { return .leaseLost }
            let expiry = now.advanced(by: policy.lease)
            let answer = job.state.heartbeat(claim.token, progress: progress, until: expiry)
            guard answer != .leaseLost else { return answer }
            try store.save(job, heartbeat: now)
            return answer
        }
    }

    /// Ends the run with all its writes, or does nothing if the run no longer holds the job.
    ///
    /// - Parameter observations: what the metrics gain if the job completes.
    func finish(
        _ claim: Claim, _ outcome: JobOutcome, writes: JobWrites? = nil, observations: [MetricObservation] = [],
        at now: Timestamp = .now
    ) async throws -> JobState.FinishAnswer {
        try await database.write { connection in
            let store = JobStore(connection)
            guard var job = try store.lock(claim.job.id) else { return .leaseLost }
            let answer = job.state.finish(outcome, claim.token, at: now, policy: policy)
            guard answer != .leaseLost else { return answer }
            if answer == .end(.completed) { try writes?(connection) }
            try store.save(job, published: usesMessages ? now : nil)
            if case .end(let end) = answer {
                try claim.handler.ended(end, job.parameters, connection)
                try MetricStore(connection).add(job.observations + (end == .completed ? observations : []))
            }
            return answer
        }
    }
}
