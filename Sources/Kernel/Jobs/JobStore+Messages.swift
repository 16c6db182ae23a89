import Storage

// Messages that carry jobs to workers through a broker.
extension JobStore {
    /// The job that a message carries: its own, or the one that a client's message asked for.
    package func find(message id: String) throws -> JobRecord? {
        let own = ID<JobRecord>(id)
        return try connection.queryOne("SELECT * FROM jobs WHERE message_id = \(id) OR id = \(own)")
            .map(JobRecord.init)
    }

    /// Whether a pending job has no message.
    func hasUnpublished(_ kinds: [String]) throws -> Bool {
        try connection.queryOne(
            """
            SELECT id FROM jobs
            WHERE status = \(JobStatus.pending) AND published_at IS NULL AND kind IN \(list: kinds) LIMIT 1
            """) != nil
    }

    /// Marks pending jobs without a message as published and returns them, so that of several publishers one sends each.
    func takeUnpublished(_ kinds: [String], limit: Int, at now: Timestamp) throws -> [JobRecord] {
        var waiting: SQL = """
            SELECT id FROM jobs
            WHERE status = \(JobStatus.pending) AND published_at IS NULL AND kind IN \(list: kinds)
            ORDER BY created_at, id LIMIT \(limit)
            """
        if connection.dialect == .postgres { waiting = waiting + " FOR UPDATE SKIP LOCKED" }
        let ids: [ID<JobRecord>] = try connection.query(waiting).map { try $0.get("id") }
        guard !ids.isEmpty else { return [] }
        return try connection.query(
            "UPDATE jobs SET published_at = \(now) WHERE id IN \(list: ids) RETURNING *"
        ).map(JobRecord.init).sorted { ($0.createdAt, $0.id.string) < ($1.createdAt, $1.id.string) }
    }

    /// Pending jobs whose message could not be sent, or was lost: another one is sent.
    func unpublish(_ ids: [ID<JobRecord>]) throws {
        guard !ids.isEmpty else { return }
        try connection.execute(
            "UPDATE jobs SET published_at = NULL WHERE status = \(JobStatus.pending) AND id IN \(list: ids)")
    }

    /// Jobs of one class that are due and whose message was sent before `time`.
    func overdue(_ jobClass: JobClass, since time: Timestamp, limit: Int) throws -> [ID<JobRecord>] {
        let future = time.advanced(by: JobPolicy.furthestTime)
        return try connection.query(
            """
            SELECT id FROM jobs
            WHERE class = \(jobClass) AND status = \(JobStatus.pending)
                AND (run_after <= \(time) OR run_after > \(future))
                AND (published_at <= \(time) OR published_at > \(future))
            LIMIT \(limit)
            """
        ).map { try $0.get("id") }
    }
}
