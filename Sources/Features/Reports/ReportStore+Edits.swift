import Foundation
import Kernel
import Storage

extension ReportStore {
    /// The report for `action`.
    ///
    /// - Throws: not found if `scope` may not know of it, forbidden if it may read it but not perform `action`.
    func require(_ scope: Scope, _ id: ID<Report>, for action: Action = .readReport) throws -> Report {
        if let report = try find(scope, id, for: action) { return report }
        if action != .readReport, try find(scope, id) != nil {
            throw AppError(.forbidden, "You can view this report, but your role does not permit this action.")
        }
        throw AppError(.notFound, "Report not found.")
    }

    /// Writes a change and its revision; returns false without writing if the report has changed since it was read.
    func apply(_ change: ReportChange, _ scope: Scope, acknowledged: [String] = [], at now: Timestamp) throws -> Bool {
        let report = change.from
        // Printing a report does not make the user its editor.
        let editor = change.status == .exported && !change.isEdited ? nil : scope.user
        let edits = report.editCount + (change.isEdited ? 1 : 0)
        let changed = try connection.execute(
            """
            UPDATE reports SET status = \(change.status), finalized_text = \(change.text), edit_count = \(edits),
                revision = \(report.revision + 1), updated_at = \(now),
                last_edited_by = COALESCE(\(editor), last_edited_by)
            WHERE institution_id = \(scope.institution) AND id = \(report.id) AND revision = \(report.revision)
            """)
        guard changed == 1 else { return false }
        let list = String(decoding: try JSONEncoder().encode(acknowledged), as: UTF8.self)
        try connection.execute(
            """
            INSERT INTO report_edits
                (report_id, institution_id, number, edited_by, edited_at, reason, status, text, acknowledged)
            VALUES (\(report.id), \(scope.institution), \(report.revision + 1), \(scope.user), \(now),
                \(change.reason), \(change.status), \(change.isEdited ? change.text : nil), \(list))
            """)
        return true
    }

    /// Oldest first; the caller must check that `scope` may see the report.
    func edits(_ scope: Scope, of id: ID<Report>) throws -> [ReportEdit] {
        try connection.query(
            """
            SELECT e.*, u.first_name, u.last_name
            FROM report_edits e JOIN users u ON u.institution_id = e.institution_id AND u.id = e.edited_by
            WHERE e.institution_id = \(scope.institution) AND e.report_id = \(id) ORDER BY e.number
            """
        ).map(ReportEdit.init)
    }
}

extension ReportEdit {
    /// - Parameter list: column `acknowledged`.
    static func checks(_ list: String) throws -> [String] {
        do {
            return try JSONDecoder().decode([String].self, from: Data(list.utf8))
        } catch {
            throw DatabaseError(.decoding, "Column acknowledged holds no list of this version.")
        }
    }

    fileprivate init(_ row: SQLRow) throws {
        acknowledged = try Self.checks(row.get("acknowledged"))
        number = try row.get("number")
        editedBy = "\(try row.get("first_name", as: String.self)) \(try row.get("last_name", as: String.self))".trimmed
        editedAt = try row.get("edited_at")
        reason = try row.get("reason")
        status = try row.get("status")
        text = try row.optional("text")
    }
}
