import Features
import Kernel
import Storage

/// An overview of an institution.
package struct AdminDashboard: Sendable {
    /// The number of objects in one state.
    package struct Tally: Sendable {
        package let state: String
        package let number: Int
    }

    /// A failed task with its error message for the user.
    package struct FailedTask: Sendable {
        package let id: String
        package let error: String
        package let endedAt: Timestamp
    }

    package let users: [Tally]
    /// Users pending approval.
    package let waiting: Int
    package let cases: [Tally]
    package let tasks: [Tally]
    package let reports: [Tally]
    package let openSessions: Int
    /// Newest first.
    package let failedTasks: [FailedTask]
    /// How long the oldest due job has waited; `nil` if none is waiting.
    package let oldestWait: Duration?
    package let files: Int
    package let bytes: Int64
    /// Denied requests of the last day.
    package let refusals: Int
    /// The user's own recent changes, newest first, from the audit trail.
    package let recent: [AdminRow]
    /// `nil` if none is installed.
    package var model: ModelVersion?
}

extension AdminStore {
    private static let shownFailures = 5
    private static let shownChanges = 10
    /// The number of the user's newest entries searched for changes: most entries are reads.
    private static let recentEntries = 1000

    func dashboard(_ scope: Scope, at now: Timestamp) throws -> AdminDashboard {
        let institution = scope.institution
        let visible = CaseStore.visible(scope)
        let ofCases = "JOIN cases c ON c.institution_id = t.institution_id AND c.id = t.case_id"
        let storage = try one(
            """
            SELECT COUNT(*) AS number, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM blobs
            WHERE institution_id = \(institution)
            """)
        return AdminDashboard(
            users: try tallies("u.role", "users u", "u.institution_id = \(institution) AND u.deleted_at IS NULL"),
            waiting: try one(
                """
                SELECT COUNT(*) AS number FROM users
                WHERE institution_id = \(institution) AND is_pending = 1 AND deleted_at IS NULL
                """
            ).get("number"), cases: try tallies("c.status", "cases c", visible),
            tasks: try tallies(
                "j.status",
                "inference_tasks t JOIN jobs j ON j.institution_id = t.institution_id AND j.id = t.job_id \(ofCases)",
                visible),
            reports: try tallies("t.status", "reports t \(ofCases)", visible),
            openSessions: try one(
                """
                SELECT COUNT(*) AS number FROM sessions
                WHERE institution_id = \(institution) AND ended_at IS NULL AND expires_at > \(now)
                """
            ).get("number"),
            failedTasks: try failedTasks(visible),
            oldestWait: try oldestWait(scope, at: now), files: try storage.get("number"),
            bytes: try storage.get("bytes"),
            refusals: try one(
                """
                SELECT COUNT(*) AS number FROM audit_entries WHERE institution_id = \(institution)
                    AND occurred_at >= \(now.advanced(by: .seconds(-86_400))) AND outcome = 'refused'
                """
            ).get("number"), recent: try recentChanges(scope))
    }

    private func recentChanges(_ scope: Scope) throws -> [AdminRow] {
        guard case .rows(let rows) = AdminTable.audit.source else { return [] }
        let columns = AdminTable.audit.columns
        return try connection.query(
            """
            SELECT \(Self.selection(rows, columns)) FROM \(raw: rows.from)
            WHERE \(rows.visible(scope)) AND a.outcome = 'done' AND \(raw: AuditStore.isChange("a"))
                AND a.id IN (
                    SELECT id FROM audit_entries WHERE institution_id = \(scope.institution) AND actor_id = \(scope.user)
                    ORDER BY occurred_at DESC, id DESC LIMIT \(Self.recentEntries))
            ORDER BY a.occurred_at DESC, a.id DESC LIMIT \(Self.shownChanges)
            """
        ).map { try Self.row($0, columns) }
    }

    private func tallies(_ state: String, _ from: String, _ condition: SQL) throws -> [AdminDashboard.Tally] {
        try connection.query(
            """
            SELECT \(raw: state) AS state, COUNT(*) AS number FROM \(raw: from) WHERE \(condition)
            GROUP BY \(raw: state) ORDER BY \(raw: state)
            """
        ).map { AdminDashboard.Tally(state: try $0.get("state"), number: try $0.get("number")) }
    }

    private func failedTasks(_ visible: SQL) throws -> [AdminDashboard.FailedTask] {
        try connection.query(
            """
            SELECT t.id, j.error_message, j.finished_at FROM inference_tasks t
            JOIN jobs j ON j.institution_id = t.institution_id AND j.id = t.job_id
            JOIN cases c ON c.institution_id = t.institution_id AND c.id = t.case_id
            WHERE \(visible) AND j.status = \(JobStatus.failed) ORDER BY j.finished_at DESC, t.id
            LIMIT \(Self.shownFailures)
            """
        ).map { row in
            AdminDashboard.FailedTask(
                id: try row.get("id"), error: try row.optional("error_message") ?? "",
                endedAt: try row.get("finished_at"))
        }
    }

    private func oldestWait(_ scope: Scope, at now: Timestamp) throws -> Duration? {
        let row = try one(
            """
            SELECT MIN(run_after) AS since FROM jobs
            WHERE institution_id = \(scope.institution) AND status = \(JobStatus.pending) AND run_after <= \(now)
            """)
        return try row.optional("since", as: Timestamp.self).map { now.since($0) }
    }

    /// The only row of a query that always returns one.
    private func one(_ statement: SQL) throws -> SQLRow {
        guard let row = try connection.queryOne(statement) else {
            throw DatabaseError(.decoding, "A count has no row.")
        }
        return row
    }
}
