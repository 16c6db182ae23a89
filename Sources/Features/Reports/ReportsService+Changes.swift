import Kernel
import Storage

extension ReportsService {
    /// The number of retries after concurrent changes.
    private static let attempts = 5

    private static let isContested = AppError(
        .conflict, "Someone else is changing the report. Load it again, then repeat the change.")

    /// Edits, reviews or signs the report, as requested by the form.
    ///
    /// - Parameter precondition: the revision known to the client, if sent; otherwise a change of status applies to the
    ///   revision that the user saw or wrote last.
    package func update(
        _ scope: Scope, _ id: ID<Report>, _ form: ReportForm, if precondition: Precondition = .none
    ) async throws -> Report {
        for _ in 0..<Self.attempts {
            let change = try await change(scope, id, form, if: precondition)
            if change.isNothing { return try await get(scope, id) }
            // The text is checked against the findings outside the transaction, which only verifies that the report is
            // unchanged.
            let acknowledged = try await Self.acknowledged(change)
            if let report = try await write(change, scope, acknowledged) { return report }
        }
        throw Self.isContested
    }

    /// The change that the form makes to the current report.
    private func change(
        _ scope: Scope, _ id: ID<Report>, _ form: ReportForm, if precondition: Precondition
    ) async throws -> ReportChange {
        let (report, seen) = try await database.read { connection in
            (
                try ReportStore(connection).require(scope, id, for: .writeReport),
                try ReportViewStore(connection).revision(scope, of: id)
            )
        }
        try precondition.check(Int64(report.revision))
        let change = try form.applied(to: report)
        if change.isSigning { try Policy.require(.signReport, scope) }
        if precondition == .none { try change.requireSeen(seen) }
        return change
    }

    /// `nil` if the report has changed since it was read.
    private func write(_ change: ReportChange, _ scope: Scope, _ acknowledged: [String]) async throws -> Report? {
        let now = clock()
        let id = change.from.id
        return try await database.write { connection in
            let store = ReportStore(connection)
            _ = try store.require(scope, id, for: change.isSigning ? .signReport : .writeReport)
            guard try store.apply(change, scope, acknowledged: acknowledged, at: now) else { return nil }
            try AuditStore(connection).append(
                AuditEntry(
                    scope, change.action, "report", id.string, changes: change.fields(acknowledged: acknowledged),
                    at: now))
            let report = try store.require(scope, id)
            try ReportViewStore(connection).record(scope, [.init(report)], at: now)
            return report
        }
    }

    /// The contradictions that a signer overrides.
    ///
    /// - Throws: a validation error listing them if the signer has not acknowledged them.
    private static func acknowledged(_ change: ReportChange) async throws -> [String] {
        guard change.isSigning else { return [] }
        let found = try await ReportRemark.remarks(onLong: change.text ?? "", change.from.findings)
            .filter { $0.kind == .contradiction }.map(\.text)
        guard found.isEmpty || change.isAcknowledged else {
            throw AppError(
                .validation, "The text contradicts the measurements.", fields: ["acknowledgeChecks": found])
        }
        return found
    }

    /// Adds a correction to a signed report, whose text does not change.
    package func addAddendum(
        _ scope: Scope, _ id: ID<Report>, _ form: AddendumForm, if precondition: Precondition = .none
    ) async throws -> Report {
        for _ in 0..<Self.attempts {
            if let report = try await addOnce(scope, id, form, precondition) { return report }
        }
        throw Self.isContested
    }

    private func addOnce(
        _ scope: Scope, _ id: ID<Report>, _ form: AddendumForm, _ precondition: Precondition
    ) async throws -> Report? {
        let now = clock()
        return try await database.write { connection in
            let store = ReportStore(connection)
            let report = try store.require(scope, id, for: .signReport)
            let (text, reason) = try form.checked()
            try precondition.check(Int64(report.revision))
            guard report.status.isSigned else {
                throw AppError(.conflict, "The report is not signed. Edit its text instead of adding an addendum.")
            }
            let addenda = ReportAddendumStore(connection)
            guard try addenda.insert(scope, of: report, text: text, reason: reason, at: now) != nil else { return nil }
            try AuditStore(connection).append(AuditEntry(scope, "report.addendum", "report", id.string, at: now))
            let changed = try store.require(scope, id)
            try ReportViewStore(connection).record(scope, [.init(changed)], at: now)
            return changed
        }
    }
}
