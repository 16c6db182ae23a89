import Storage

/// The rules of reports: who may read them and have one written.
package struct ReportsService: Sendable {
    private let database: any Database
    private let audit: AuditService
    private let clock: @Sendable () -> Timestamp

    package init(
        database: any Database, audit: AuditService, clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.audit = audit
        self.clock = clock
    }

    /// Reports of the cases that `scope` may see, newest first.
    package func list(_ scope: Scope, case caseID: ID<Case>? = nil, _ window: Window) async throws -> Page<Report> {
        try Policy.require(.readReport, scope)
        let page = try await database.read { try ReportStore($0).list(scope, case: caseID, window) }
        try await audit.record(AuditEntry(scope, "report.list", "report", nil, at: clock()))
        return page
    }

    package func get(_ scope: Scope, _ id: ID<Report>) async throws -> Report {
        let report = try await database.read { try Self.found(ReportStore($0).find(scope, id)) }
        try await audit.record(AuditEntry(scope, "report.read", "report", id.string, at: clock()))
        return report
    }

    /// Writes a new draft from the case's newest result.
    package func generate(_ scope: Scope, case caseID: ID<Case>) async throws -> Report {
        let now = clock()
        return try await database.write { connection in
            _ = try CaseStore(connection).require(scope, caseID, for: .writeReport)
            guard let result = try ResultStore(connection).latest(scope, case: caseID) else {
                throw AppError.invalid("caseId", "The case has no result to report on; start the inference first.")
            }
            let store = ReportStore(connection)
            let id = try store.insert(
                ReportComposer.checked(result.result), for: result, institution: scope.institution, job: nil, at: now)
            try AuditStore(connection).append(AuditEntry(scope, "report.create", "report", id.string, at: now))
            return try Self.found(store.find(scope, id))
        }
    }

    private static func found(_ report: Report?) throws -> Report {
        guard let report else { throw AppError(.notFound, "There is no such report.") }
        return report
    }
}
