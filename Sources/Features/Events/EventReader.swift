import Kernel
import Storage

/// The state of an object as an event carries it.
package enum EventContent: Sendable {
    case `case`(Case)
    /// Without its result.
    case task(InferenceTask)
    case report(Report)
    case deleted(EventObject, case: CaseID)
}

/// Reads the current state of changed objects with a subscriber's permissions. Subscribers with the same permissions that
/// ask at the same time share a query.
struct EventReader: Sendable {
    private struct Key: Hashable {
        /// What the subscriber may see of cases, results and reports, as conditions.
        let visible: [SQL]
        let role: Role
        let object: EventObject
    }

    private let database: any Database
    private let reads = RequestCoalescer<Key>()

    init(database: any Database) {
        self.database = database
    }

    /// `nil` if `scope` may not know of the object.
    func content(_ scope: Scope, of reference: EventReference) async throws -> EventContent? {
        let visible = [Action.readCase, .readResult, .readReport].map { CaseStore.visible(scope, for: $0) }
        let key = Key(visible: visible, role: scope.role, object: reference.object)
        return try await reads.value(for: key) {
            try await database.read { try Self.content(scope, of: reference, in: $0) }
        }
    }

    private static func content(
        _ scope: Scope, of reference: EventReference, in connection: any DatabaseConnection
    ) throws -> EventContent? {
        let cases = CaseStore(connection)
        switch reference.object {
        case .case(let id):
            if let item = try cases.find(scope, id) { return .case(item) }
            return try cases.isDeleted(scope, id) ? .deleted(reference.object, case: id) : nil
        case .task(let id):
            return try SegmentationStore(connection).task(scope, id).map { .task($0) }
        case .report(let id):
            let reports = ReportStore(connection)
            if let report = try reports.find(scope, id) { return .report(report) }
            // The case's own event reports the end of all its objects.
            let caseID = reference.caseID
            guard try cases.find(scope, caseID, for: .readReport) != nil else { return nil }
            return .deleted(reference.object, case: caseID)
        }
    }
}

extension EventContent {
    /// The entry for the first time that a stream delivers the object.
    func auditEntry(_ scope: Scope, at now: Timestamp) -> AuditEntry? {
        switch self {
        case .case(let item): AuditEntry(scope, "case.read", "case", item.id.string, at: now)
        case .task(let task): AuditEntry(scope, "inference.read", "inference_task", task.id.string, at: now)
        case .report(let report): AuditEntry(scope, "report.read", "report", report.id.string, at: now)
        case .deleted: nil
        }
    }
}
