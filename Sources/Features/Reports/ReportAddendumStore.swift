import Kernel
import Storage

/// The rows of addenda: inserted and read, never changed.
struct ReportAddendumStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// Adds an addendum to a signed report and increments its revision.
    ///
    /// - Returns: the addendum's number; `nil` if the report has changed since it was read.
    func insert(_ scope: Scope, of report: Report, text: String, reason: String, at now: Timestamp) throws -> Int? {
        let changed = try connection.execute(
            """
            UPDATE reports SET revision = \(report.revision + 1), updated_at = \(now)
            WHERE institution_id = \(scope.institution) AND id = \(report.id) AND revision = \(report.revision)
            """)
        guard changed == 1 else { return nil }
        let number = report.addenda.count + 1
        try connection.execute(
            """
            INSERT INTO report_addenda (report_id, institution_id, number, written_by, written_at, reason, text)
            VALUES (\(report.id), \(scope.institution), \(number), \(scope.user), \(now), \(reason), \(text))
            """)
        return number
    }

    /// The reports with their addenda, oldest first.
    func completed(_ reports: [Report]) throws -> [Report] {
        let signed = reports.filter(\.status.isSigned)
        guard !signed.isEmpty else { return reports }
        let rows = try connection.query(
            """
            SELECT a.*, u.first_name, u.last_name
            FROM report_addenda a JOIN users u ON u.institution_id = a.institution_id AND u.id = a.written_by
            WHERE a.report_id IN \(list: signed.map(\.id)) ORDER BY a.report_id, a.number
            """)
        var addenda: [ID<Report>: [ReportAddendum]] = [:]
        for row in rows { addenda[try row.get("report_id"), default: []].append(try ReportAddendum(row)) }
        return reports.map { report in
            var report = report
            report.addenda = addenda[report.id] ?? []
            return report
        }
    }
}

extension ReportAddendum {
    fileprivate init(_ row: SQLRow) throws {
        number = try row.get("number")
        text = try row.get("text")
        reason = try row.get("reason")
        createdBy = "\(try row.get("first_name", as: String.self)) \(try row.get("last_name", as: String.self))".trimmed
        createdAt = try row.get("written_at")
    }
}
