import Kernel
import Storage

/// A window of the tasks or reports of the visible cases, newest first.
///
/// Selects keys first, so that skipped rows are counted in indices and only the window's own rows are read.
struct CaseContentStore {
    let connection: any DatabaseConnection
    /// Must have `id`, `institution_id` and `case_id`.
    let table: SQL
    /// The column to sort by.
    let time: SQL
    let scope: Scope
    let action: Action
    /// Restricts to one case; `nil` for all.
    let caseID: CaseID?
    /// Restricts `time`.
    var span = TimeSpan()
    let window: Window

    /// The ids of the window's rows, and of one more to detect further rows.
    ///
    /// - Throws: a validation error if the window's cursor is invalid.
    func keys() throws -> SQL {
        var condition = source.condition
        if case .cursor(let after?, _) = window {
            let cursor = try CaseCursor(after)
            condition = condition + " AND (x.\(time), x.id) < (\(cursor.time), \(cursor.id))"
        }
        return """
            SELECT x.id FROM \(source.tables) WHERE \(condition)
            ORDER BY x.\(time) DESC, x.id DESC LIMIT \(window.size + 1) OFFSET \(window.offset)
            """
    }

    /// The total number; `nil` if the window does not need it.
    func count() throws -> Int? {
        guard case .page = window else { return nil }
        return try connection.queryOne("SELECT COUNT(*) AS number FROM \(source.tables) WHERE \(source.condition)")?
            .get("number")
    }

    /// Own and shared cases are selected first by their few ids: no index over all tasks has their owner.
    private var source: CaseSource {
        if caseID == nil, let ids = CaseStore.ownAndShared(scope, for: action) {
            return CaseSource(tables: "\(table) x", condition: "x.case_id IN (\(ids))").narrowed(by: limits)
        }
        let visible = CaseSource(
            tables: "\(table) x JOIN cases c ON c.institution_id = x.institution_id AND c.id = x.case_id",
            condition: CaseStore.visible(scope, for: action))
        return visible.narrowed(by: (caseID.map { ["x.case_id = \($0)"] } ?? []) + limits)
    }

    private var limits: [SQL] { span.conditions(on: "x.\(time)") }
}
