import Kernel
import Storage

/// The rules of reports: who may read and generate them.
package struct ReportsService: Sendable {
    let database: any Database
    let audit: AuditService
    let clock: @Sendable () -> Timestamp

    package init(
        database: any Database, audit: AuditService, clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.audit = audit
        self.clock = clock
    }

    /// Reports of the cases that `scope` may see, newest first.
    package func list(
        _ scope: Scope, case caseID: CaseID? = nil, created: TimeSpan = TimeSpan(), _ window: Window
    ) async throws -> Page<Report> {
        try Policy.require(.readReport, scope)
        let now = clock()
        let (page, views) = try await database.read { connection in
            let page = try ReportStore(connection).list(scope, case: caseID, created: created, window)
            return (
                page, try ReportViewStore(connection).unseen(scope, among: page.items.map(ReportViewStore.View.init))
            )
        }
        try await audit.record(AuditEntry(scope, "report.list", "report", nil, at: now))
        try await database.record(views, of: scope, at: now)
        return page
    }

    package func get(_ scope: Scope, _ id: ID<Report>) async throws -> Report {
        let now = clock()
        let (report, views) = try await database.read { connection in
            let report = try ReportStore(connection).require(scope, id)
            return (report, try ReportViewStore(connection).unseen(scope, among: [.init(report)]))
        }
        try await audit.record(AuditEntry(scope, "report.read", "report", id.string, at: now))
        try await database.record(views, of: scope, at: now)
        return report
    }

    /// Writes a new draft from the case's newest result; signed reports are kept.
    package func generate(_ scope: Scope, case caseID: CaseID) async throws -> Report {
        let now = clock()
        let result = try await database.read { connection in
            _ = try CaseStore(connection).require(scope, caseID, for: .writeReport)
            return try ResultStore(connection).latest(scope, case: caseID)
        }
        guard let result else {
            throw AppError.invalid("caseId", "The case has no result to report on; start the inference first.")
        }
        // Outside the transaction, which blocks other writes on SQLite.
        let draft = try ReportStore.Draft(ReportComposer.checked(result.result))
        return try await database.write { connection in
            _ = try CaseStore(connection).require(scope, caseID, for: .writeReport)
            guard try ResultStore(connection).latestID(scope, case: caseID) == result.id else {
                throw AppError(.conflict, "The case's result changed while the report was composed. Try again.")
            }
            let store = ReportStore(connection)
            let id = try store.insert(scope, draft, for: result, at: now)
            try AuditStore(connection).append(AuditEntry(scope, "report.create", "report", id.string, at: now))
            let report = try store.require(scope, id)
            try ReportViewStore(connection).record(scope, [.init(report)], at: now)
            return report
        }
    }

    /// The source of every sentence of the report, and later changes.
    package func trace(_ scope: Scope, _ id: ID<Report>) async throws -> ReportTrace {
        let now = clock()
        let (trace, views) = try await database.read { connection in
            let store = ReportStore(connection)
            let report = try store.require(scope, id)
            guard let result = try ResultStore(connection).find(scope, report.resultID) else {
                throw AppError(.notFound, "The report's result is gone.")
            }
            return (
                ReportTrace(report: report, result: result, edits: try store.edits(scope, of: id)),
                try ReportViewStore(connection).unseen(scope, among: [.init(report)])
            )
        }
        try await audit.record(AuditEntry(scope, "report.trace", "report", id.string, at: now))
        try await database.record(views, of: scope, at: now)
        return trace
    }
}
