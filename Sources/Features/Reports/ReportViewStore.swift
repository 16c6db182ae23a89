import Kernel
import Storage

/// The rows that say which revision of a report somebody was shown last. A change of status without `If-Match` is made from that
/// one: a client that names no revision may hold a text that is no longer the report's.
struct ReportViewStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// A text that somebody is about to be shown.
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

    /// Nil where the user has not been shown the report.
    func revision(_ scope: Scope, of id: ID<Report>) throws -> Int? {
        try connection.queryOne(
            "SELECT revision FROM report_views WHERE report_id = \(id) AND user_id = \(scope.user)"
        )?.get("revision")
    }

    /// Those that are new to the user and so are to be recorded. Nothing is kept of those who change no report.
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

    /// Keeps the newest revision of each; a report that has been deleted meanwhile is passed over.
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
    /// Remembers what somebody was shown, before the answer leaves.
    func record(_ views: [ReportViewStore.View], of scope: Scope, at now: Timestamp) async throws {
        guard !views.isEmpty else { return }
        try await write { try ReportViewStore($0).record(scope, views, at: now) }
    }
}
