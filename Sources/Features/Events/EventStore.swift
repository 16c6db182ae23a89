import Kernel
import Storage

/// The log of changes of all institutions, written by the database's triggers.
struct EventStore {
    let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
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

    /// The changes after `position` in order, at most `limit`.
    func changes(after position: EventPosition, limit: Int) throws -> [LoggedEvent] {
        let visible: SQL = horizon.map { " AND transaction_id < \($0)" } ?? ""
        return try connection.query(
            """
            SELECT id, transaction_id, institution_id, kind, object_id, case_id, created_at FROM events
            WHERE (transaction_id, id) > (\(position.transaction), \(position.id))\(visible)
            ORDER BY transaction_id, id LIMIT \(limit)
            """
        ).map(LoggedEvent.init)
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
