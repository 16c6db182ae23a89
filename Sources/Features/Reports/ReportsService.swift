import Storage

/// The rules of reports: who may read them and have one written.
package struct ReportsService: Sendable {
    let database: any Database
    private let audit: AuditService
    let clock: @Sendable () -> Timestamp

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
        let report = try await database.read { try ReportStore($0).require(scope, id) }
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
            return try store.require(scope, id)
        }
    }

    /// Edits, reviews, signs or takes a signature back, whichever the form asks for.
    ///
    /// - Parameter precondition: which revision the client has seen, where it says so.
    package func update(
        _ scope: Scope, _ id: ID<Report>, _ form: ReportForm, if precondition: Precondition = .none
    ) async throws -> Report {
        let now = clock()
        return try await database.write { connection in
            let store = ReportStore(connection)
            let report = try store.require(scope, id, for: .writeReport)
            try precondition.check(Int64(report.revision))
            let change = try form.applied(to: report)
            guard !change.isNothing else {
                // The answer shows the report all the same.
                try AuditStore(connection).append(AuditEntry(scope, "report.read", "report", id.string, at: now))
                return report
            }
            if change.isSigning { _ = try store.require(scope, id, for: .signReport) }
            try store.apply(change, scope, acknowledged: try Self.acknowledged(change), at: now)
            try AuditStore(connection).append(
                AuditEntry(scope, change.action, "report", id.string, changes: change.fields, at: now))
            return try store.require(scope, id)
        }
    }

    /// The contradictions that a signer signs all the same.
    ///
    /// - Throws: a validation error that lists them where the signer has not said so.
    private static func acknowledged(_ change: ReportChange) throws -> [String] {
        guard change.isSigning else { return [] }
        let found = TextCheck(change.from.findings).remarks(on: change.text ?? "")
            .filter { $0.kind == .contradiction }.map(\.text)
        guard found.isEmpty || change.isAcknowledged else {
            throw AppError(
                .validation, "The text contradicts the measurements.", fields: ["acknowledgeChecks": found])
        }
        return found
    }

    /// Where every sentence of the report comes from, and what has become of it since.
    package func trace(_ scope: Scope, _ id: ID<Report>) async throws -> ReportTrace {
        let trace = try await database.read { connection in
            let store = ReportStore(connection)
            let report = try store.require(scope, id)
            guard let result = try ResultStore(connection).find(report.resultID) else {
                throw AppError(.notFound, "The report's result is gone.")
            }
            return ReportTrace(report: report, result: result, edits: try store.edits(scope, of: id))
        }
        try await audit.record(AuditEntry(scope, "report.trace", "report", id.string, at: clock()))
        return trace
    }
}
