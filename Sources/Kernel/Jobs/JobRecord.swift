import Storage

/// A row of `jobs`.
package struct JobRecord: Sendable {
    package let id: ID<JobRecord>
    package let institution: InstitutionID
    package let kind: String
    package let jobClass: JobClass
    /// JSON with ids.
    package let parameters: String
    package let createdAt: Timestamp
    /// The request that created the job; `nil` for background work.
    package let requestID: String?
    /// The span that created the job; `nil` for work of no trace.
    package let trace: TraceContext?
    /// The client's message that asked for it.
    package let messageID: String?
    package internal(set) var state: JobState

    init(_ row: SQLRow) throws {
        id = try row.get("id")
        institution = try row.get("institution_id")
        kind = try row.get("kind")
        jobClass = try row.get("class")
        parameters = try row.get("parameters")
        createdAt = try row.get("created_at")
        requestID = try row.optional("request_id")
        trace = try row.optional("traceparent", as: String.self).flatMap(TraceContext.init(traceparent:))
        messageID = try row.optional("message_id")
        state = try JobState(row)
    }
}

extension JobState {
    package init(_ row: SQLRow) throws {
        self.init(maximumAttempts: try row.get("max_attempts"), runAfter: try row.get("run_after"))
        status = try row.get("status")
        attempt = try row.get("attempt")
        losses = try row.get("losses")
        lease = try JobLease(row)
        isCancelRequested = try row.get("cancel_requested")
        progress = JobProgress(step: try row.optional("current_step"), fraction: try row.get("progress"))
        errorMessage = try row.optional("error_message")
        startedAt = try row.optional("started_at")
        finishedAt = try row.optional("finished_at")
    }
}

extension JobLease {
    fileprivate init?(_ row: SQLRow) throws {
        guard let owner = try row.optional("lease_owner", as: WorkerID.self) else { return nil }
        self.init(owner: owner, token: try row.get("lease_token"), expires: try row.get("lease_expires"))
    }
}

extension JobRecord {
    /// What the metrics gain when it ends; jobs that were never started are not counted.
    var observations: [MetricObservation] {
        guard let started = state.startedAt, let finished = state.finishedAt else { return [] }
        // Workers' clocks may differ.
        func seconds(_ start: Timestamp, _ end: Timestamp) -> Double { max(0, end.since(start) / .seconds(1)) }
        return [
            MetricObservation(.jobDuration, [kind, state.status.rawValue], seconds(started, finished)),
            MetricObservation(.jobWait, [kind], seconds(createdAt, started)),
        ]
    }
}
