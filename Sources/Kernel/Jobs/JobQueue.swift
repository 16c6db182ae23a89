import Logging
import Storage

/// The transactions between workers and the `jobs` table.
package struct JobQueue: Sendable {
    private let database: any Database
    private let handlers: [String: JobHandler]
    private let kinds: [String]
    private let logger: Logger
    let policy: JobPolicy
    private let loss: @Sendable (WorkerID) -> JobLoss

    /// - Parameter loss: how a worker was lost.
    package init(
        database: any Database, handlers: [JobHandler], logger: Logger, policy: JobPolicy = JobPolicy(),
        loss: @escaping @Sendable (WorkerID) -> JobLoss = { _ in .unknown }
    ) {
        self.loss = loss
        self.database = database
        self.handlers = Dictionary(handlers.map { ($0.kind, $0) }, uniquingKeysWith: { $1 })
        self.kinds = self.handlers.keys.sorted()
        self.logger = logger
        self.policy = policy
    }

    /// A run that this worker has begun.
    struct Claim: Sendable {
        let job: JobRecord
        let token: JobLease.Token
        let handler: JobHandler
    }

    /// Takes the next job whose time has come; nil where there is none.
    ///
    /// - Parameter classes: what may be taken; the first of them that has a job gives it.
    func claim(
        by owner: WorkerID, of classes: [JobClass] = JobClass.allCases, at now: Timestamp = .now
    ) async throws -> Claim? {
        // Looking costs no lock, and mostly there is nothing to take.
        try await recoverExpired(at: now)
        let due = try await database.read { connection in
            try classes.filter { try !JobStore(connection).due($0, kinds, at: now, limit: 1).isEmpty }
        }
        guard !due.isEmpty else { return nil }
        return try await database.write { connection in
            for jobClass in due {
                if let claim = try take(jobClass, by: owner, at: now, in: connection) { return claim }
            }
            return nil
        }
    }

    /// Frees what silent workers hold; one that works does this as well, since it may be the only one left.
    func recoverExpired(at now: Timestamp = .now) async throws {
        let expired = try await database.read { try JobStore($0).expired(kinds, at: now) }
        await recover(expired, workerIsDead: false, at: now)
    }

    /// Frees at once what a worker held that is known to be dead.
    package func recover(from owner: WorkerID, at now: Timestamp = .now) async throws {
        let held = try await database.read { try JobStore($0).running(by: owner, kinds) }
        await recover(held, workerIsDead: true, at: now)
    }

    private func take(
        _ jobClass: JobClass, by owner: WorkerID, at now: Timestamp, in connection: any DatabaseConnection
    ) throws -> Claim? {
        let store = JobStore(connection)
        let lease = JobLease(owner: owner, token: ID(), expires: now.advanced(by: policy.lease))
        // On PostgreSQL another worker may take a candidate between the two statements: then the next one is tried.
        for id in try store.due(jobClass, kinds, at: now, limit: 32) {
            guard var job = try store.lock(id), let handler = handlers[job.kind] else { continue }
            guard job.state.claim(lease, at: now) == .begin else { continue }
            try store.save(job, heartbeat: now)
            return Claim(job: job, token: lease.token, handler: handler)
        }
        return nil
    }

    /// Each in a transaction of its own: one that can't be recovered must not keep the others waiting.
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
        if case .end(let end) = answer { try handlers[job.kind]?.ended(end, job.parameters, connection) }
    }

    /// Whether the run should go on, without writing anything.
    func look(_ claim: Claim) async throws -> JobState.HeartbeatReply {
        try await database.read { connection in
            guard let state = try JobStore(connection).find(claim.job.id)?.state, state.lease?.token == claim.token
            else { return .leaseLost }
            return state.isCancelRequested ? .cancel : .goOn
        }
    }

    /// The same, and the run's progress is written and its lease extended.
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

    /// Ends the run: all that follows from it, or nothing where the job is no longer this run's.
    func finish(
        _ claim: Claim, _ outcome: JobOutcome, writes: JobWrites? = nil, at now: Timestamp = .now
    ) async throws -> JobState.FinishAnswer {
        try await database.write { connection in
            let store = JobStore(connection)
            guard var job = try store.lock(claim.job.id) else { return .leaseLost }
            let answer = job.state.finish(outcome, claim.token, at: now, policy: policy)
            guard answer != .leaseLost else { return answer }
            if answer == .end(.completed) { try writes?(connection) }
            try store.save(job)
            if case .end(let end) = answer { try claim.handler.ended(end, job.parameters, connection) }
            return answer
        }
    }
}
