import Storage

/// The rows of `jobs`.
package struct JobStore {
    let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// Adds work in the caller's transaction: a rollback also removes the job.
    ///
    /// - Parameters:
    ///   - requestID: the request that creates it, directly or through another job; it appears in logs and the audit
    ///     trail.
    ///   - trace: the span that creates it.
    ///   - priority: higher goes first.
    ///   - messageID: the client's message that asks for it, which carries the job itself.
    @discardableResult
    package func enqueue<J: Job>(
        _ job: J.Type, _ parameters: J.Parameters, institution: InstitutionID, requestID: String? = nil,
        trace: TraceContext? = nil, priority: Int = 0, messageID: String? = nil, at now: Timestamp = .now
    ) throws -> ID<JobRecord> {
        let id = ID<JobRecord>()
        let published = messageID == nil ? nil : now
        try connection.execute(
            """
            INSERT INTO jobs
                (id, institution_id, kind, class, parameters, status, priority, max_attempts, run_after, created_at,
                request_id, traceparent, message_id, published_at)
            VALUES (\(id), \(institution), \(J.jobName), \(J.jobClass), \(try JobParameters.encode(parameters)),
                \(JobStatus.pending), \(priority), \(J.maximumAttempts), \(now), \(now), \(requestID),
                \(trace?.traceparent), \(messageID), \(published))
            """)
        try connection.notify(.jobs, J.jobClass.rawValue)
        return id
    }

    /// The job's current state, across institutions.
    package func find(_ id: ID<JobRecord>) throws -> JobRecord? {
        try connection.queryOne("SELECT * FROM jobs WHERE id = \(id)").map(JobRecord.init)
    }

    /// The progress of these jobs, across institutions.
    func progress(of jobs: [ID<JobRecord>]) throws -> [JobChange] {
        guard let last = jobs.last else { return [] }
        // A few fixed lengths, so that the database prepares few statements.
        var length = 1
        while length < jobs.count { length *= 2 }
        let listed = jobs + Array(repeating: last, count: length - jobs.count)
        return try connection.query(
            "SELECT id, status, progress, current_step FROM jobs WHERE id IN \(list: listed)"
        ).map(JobChange.init)
    }

    /// Requests cancellation; the caller notifies the listeners if the job ends.
    package func requestCancel(_ id: ID<JobRecord>, at now: Timestamp = .now) throws -> JobState.CancelAnswer {
        guard var job = try lock(id) else { return .alreadyOver }
        let answer = job.state.requestCancel(at: now)
        try save(job)
        return answer
    }

    /// Reads a row and locks it until this transaction ends. Incrementing the revision locks it on both databases.
    func lock(_ id: ID<JobRecord>) throws -> JobRecord? {
        try connection.queryOne("UPDATE jobs SET revision = revision + 1 WHERE id = \(id) RETURNING *")
            .map(JobRecord.init)
    }

    /// Writes the state of a row that this transaction has locked.
    ///
    /// - Parameter published: when the message for a pending job was sent; `nil` if one must be sent.
    func save(_ job: JobRecord, heartbeat: Timestamp? = nil, published: Timestamp? = nil) throws {
        let state = job.state
        try connection.execute(
            """
            UPDATE jobs SET status = \(state.status), attempt = \(state.attempt), losses = \(state.losses),
                run_after = \(state.runAfter), lease_owner = \(state.lease?.owner),
                lease_token = \(state.lease?.token), lease_expires = \(state.lease?.expires),
                heartbeat_at = COALESCE(\(heartbeat), heartbeat_at), progress = \(state.progress.fraction),
                current_step = \(state.progress.step), cancel_requested = \(state.isCancelRequested),
                error_message = \(state.errorMessage), started_at = \(state.startedAt),
                finished_at = \(state.finishedAt)
            WHERE id = \(job.id)
            """)
        guard state.status == .pending else { return }
        try connection.execute("UPDATE jobs SET published_at = \(published) WHERE id = \(job.id)")
        // It waits again, now or later: a worker that sleeps must know until when.
        try connection.notify(.jobs, job.jobClass.rawValue)
    }

    /// Whether a pending job of one class is due.
    func hasDue(_ jobClass: JobClass, _ kinds: [String], at now: Timestamp) throws -> Bool {
        try connection.queryOne(Self.due(jobClass, kinds, at: now)) != nil
    }

    /// The next due job of one class, locked until this transaction ends. PostgreSQL passes over those that other
    /// workers are claiming; on SQLite nobody else writes.
    func lockDue(_ jobClass: JobClass, _ kinds: [String], at now: Timestamp) throws -> JobRecord? {
        var statement = Self.due(jobClass, kinds, at: now)
        if connection.dialect == .postgres { statement = statement + " FOR UPDATE SKIP LOCKED" }
        guard let id = try connection.queryOne(statement)?.get("id", as: ID<JobRecord>.self) else { return nil }
        return try lock(id)
    }

    /// The first of one range of `ix_jobs_due`, in index order.
    static func due(_ jobClass: JobClass, _ kinds: [String], at now: Timestamp) -> SQL {
        """
        SELECT id FROM jobs
        WHERE class = \(jobClass) AND status = \(JobStatus.pending) AND kind IN \(list: kinds)
            AND (run_after <= \(now) OR run_after > \(now.advanced(by: JobPolicy.furthestTime)))
        ORDER BY priority DESC, created_at, id LIMIT 1
        """
    }

    /// The time at which the next pending job of these classes is due; `nil` if there is none.
    func nextDue(_ classes: [JobClass], _ kinds: [String]) throws -> Timestamp? {
        try connection.queryOne(
            """
            SELECT MIN(run_after) AS time FROM jobs
            WHERE class IN \(list: classes) AND status = \(JobStatus.pending) AND kind IN \(list: kinds)
            """
        )?.optional("time")
    }

    /// Leases that have expired, or are misdated.
    func expired(_ kinds: [String], at now: Timestamp) throws -> [LeaseWatch.Lease] {
        try connection.query(
            """
            SELECT id, lease_expires FROM jobs
            WHERE status = \(JobStatus.running) AND kind IN \(list: kinds)
                AND (lease_expires <= \(now) OR lease_expires > \(now.advanced(by: JobPolicy.furthestTime)))
            LIMIT 20
            """
        ).map { LeaseWatch.Lease(job: try $0.get("id"), expires: try $0.get("lease_expires")) }
    }

    /// Running jobs of one worker.
    func running(by owner: WorkerID, _ kinds: [String]) throws -> [ID<JobRecord>] {
        try connection.query(
            """
            SELECT id FROM jobs
            WHERE status = \(JobStatus.running) AND lease_owner = \(owner) AND kind IN \(list: kinds)
            """
        ).map { try $0.get("id") }
    }
}

extension NotificationChannel {
    /// A job waits for a worker; the payload is its class.
    package static let jobs = NotificationChannel("jobs")
}
