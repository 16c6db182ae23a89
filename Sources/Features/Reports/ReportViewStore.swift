import Kernel
import Storage

/// The rows that record which revision of a report a user saw last. A change of status without `If-Match` applies to
/// that one: a client that sends no revision may have an outdated text.
struct ReportViewStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// A text that is about to be shown to a user.
    struct View: Sendable {
        let report: ID<Report>
        let revision: Int

        init(_ report: Report) {
            self.init(report.id, report.revision)
        }

        init(_ report: ID<Report>, _ revision: Int) {
            self.report = report
            self.revision = revision
        }
    }

    /// `nil` if the user has not seen the report.
    func revision(_ scope: Scope, of id: ID<Report>) throws -> Int? {
        try connection.queryOne(
            "SELECT revision FROM report_views WHERE report_id = \(id) AND user_id = \(scope.user)"
        )?.get("revision")
    }

    /// The views that are new to the user and therefore recorded. Users who may not change reports are not tracked.
    func unseen(_ scope: Scope, among views: [View]) throws -> [View] {
        guard !views.isEmpty, Policy.reach(of: .writeReport, scope) != .nothing else { return [] }
        let rows = try connection.query(
            """
            SELECT report_id, revision FROM report_views
            WHERE user_id = \(scope.user) AND report_id IN \(list: views.map(\.report))
            """)
        var known: [ID<Report>: Int] = [:]
        for row in rows { known[try row.get("report_id")] = try row.get("revision", as: Int.self) }
        return views.filter { known[$0.report, default: -1] < $0.revision }
    }

    /// Stores the newest revision of each; reports deleted in the meantime are skipped.
    func record(_ scope: Scope, _ views: [View], at now: Timestamp) throws {
        for view in views {
            try connection.execute(
                """
                INSERT INTO report_views (report_id, institution_id, user_id, revision, seen_at)
                SELECT p.id, p.institution_id, u.id, CAST(\(view.revision) AS INTEGER), CAST(\(now) AS BIGINT)
                FROM reports p JOIN users u ON u.institution_id = p.institution_id
                WHERE p.institution_id = \(scope.institution) AND p.id = \(view.report) AND u.id = \(scope.user)
                ON CONFLICT (report_id, user_id) DO UPDATE SET revision = excluded.revision, seen_at = excluded.seen_at
                WHERE report_views.revision < excluded.revision
                """)
        }
    }
}

extension Database {
    /// Records what a user sees before the response is sent.
    func record(_ views: [ReportViewStore.View], of scope: Scope, at now: Timestamp) async throws {
        guard !views.isEmpty else { return }
        try await write { try ReportViewStore($0).record(scope, views, at: now) }
    }
}
