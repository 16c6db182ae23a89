import Kernel
import Storage

/// A window of what hangs on the cases that somebody may see, tasks or reports, newest first.
///
/// It is found by its keys, so that what is passed over is counted off in indices and only the window's own rows are read.
struct CaseContentStore {
    let connection: any DatabaseConnection
    /// Has `id`, `institution_id` and `case_id`.
    let table: SQL
    /// The column of the order.
    let time: SQL
    let scope: Scope
    let action: Action
    /// The only case that counts; nil for all of them.
    let caseID: CaseID?
    /// The times of `time` that count.
    var span = TimeSpan()
    let window: Window

    /// The ids of the window's rows, and of one more that tells whether anything follows.
    ///
    /// - Throws: a validation error where the window's cursor is none.
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

    /// How many there are in all; nil where the window does not ask for it.
    func count() throws -> Int? {
        guard case .page = window else { return nil }
        return try connection.queryOne("SELECT COUNT(*) AS number FROM \(source.tables) WHERE \(source.condition)")?
            .get("number")
    }

    /// Of one's own and shared cases the few ids are looked for first: no index over all tasks knows whose they are.
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
