import Kernel
import Storage

/// The log of changes of all institutions, written by the database's triggers.
struct EventStore {
    let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// What the log has after a place.
    struct Extract: Sendable {
        /// In order.
        let changes: [LoggedEvent]
        /// Whether there may be more already.
        let isFull: Bool
        /// Whether committed changes are held back, because one of an older transaction may still precede them.
        let hasUnsettled: Bool
    }

    /// The progress of a running segmentation.
    struct Progress: Sendable {
        let reference: EventReference
        let value: JobProgress
    }

    /// The transaction before which every change is visible to this one: later rows may still appear among those with a
    /// higher number. `nil` on SQLite, where changes become visible in the order of their rows.
    private var horizon: SQL? {
        connection.dialect == .postgres
            ? "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)" : nil
    }

    /// The end of the log: changes that are not visible yet come after it.
    func end(at now: Timestamp) throws -> EventPosition {
        if let horizon {
            let next: Int64 = try connection.query("SELECT \(horizon) AS horizon")[0].get("horizon")
            return EventPosition(transaction: next - 1, id: .max, time: now)
        }
        let last: Int64? = try connection.queryOne("SELECT MAX(id) AS last FROM events")?.optional("last")
        return EventPosition(transaction: 0, id: last ?? 0, time: now)
    }

    /// Reads at most `limit` rows after `position`.
    func extract(after position: EventPosition, limit: Int) throws -> Extract {
        let isSettled: SQL = horizon.map { "transaction_id < \($0)" } ?? "1 = 1"
        // One statement, so one snapshot: a row is either settled, or unsettled and read again.
        let rows = try connection.query(
            """
            SELECT id, transaction_id, institution_id, kind, object_id, case_id, created_at,
                CASE WHEN \(isSettled) THEN 1 ELSE 0 END AS is_settled
            FROM events WHERE (transaction_id, id) > (\(position.transaction), \(position.id))
            ORDER BY transaction_id, id LIMIT \(limit)
            """)
        let settled = try rows.prefix { try $0.get("is_settled", as: Int.self) == 1 }
        return Extract(
            changes: try settled.map(LoggedEvent.init), isFull: rows.count == limit,
            hasUnsettled: settled.count < rows.count)
    }

    /// The running segmentations.
    func running() throws -> [Progress] {
        try connection.query(
            """
            SELECT t.id, t.case_id, t.institution_id, j.progress, j.current_step
            FROM jobs j JOIN inference_tasks t ON t.job_id = j.id WHERE j.status = \(JobStatus.running)
            """
        ).map { row in
            var value = JobProgress.none
            value.step = try row.optional("current_step")
            value.fraction = try row.get("progress")
            return Progress(
                reference: EventReference(
                    object: .task(try row.get("id")), caseID: try row.get("case_id"),
                    institution: try row.get("institution_id"), position: nil),
                value: value)
        }
    }

    /// Keeps the newest row, from which the next one is numbered.
    ///
    /// - Returns: the number of deleted rows.
    func deleteChanges(before time: Timestamp) throws -> Int {
        try connection.execute(
            "DELETE FROM events WHERE created_at < \(time) AND id < (SELECT MAX(id) FROM events)")
    }
}
