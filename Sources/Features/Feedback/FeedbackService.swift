import Kernel
import Storage

/// The rules of feedback: who may give and read it.
package struct FeedbackService: Sendable {
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

    /// Stores feedback on the case's newest result, or on the one in the form.
    package func give(_ scope: Scope, case caseID: CaseID, _ form: FeedbackForm) async throws -> Feedback {
        let now = clock()
        return try await database.write { connection in
            _ = try CaseStore(connection).require(scope, caseID, for: .giveFeedback)
            let content = try form.checked()
            let result = try Self.result(scope, caseID, content.task, in: connection)
            let store = FeedbackStore(connection)
            let id = try store.insert(scope, content, on: result, at: now)
            try AuditStore(connection).append(AuditEntry(scope, "result.feedback", "feedback", id.string, at: now))
            guard let feedback = try store.find(scope, id) else {
                throw AppError(.internalFault, "The feedback was not stored.")
            }
            return feedback
        }
    }

    /// The feedback on the case's results, newest first. Comments are free text, so only users who may give feedback
    /// may read them.
    package func list(_ scope: Scope, case caseID: CaseID, _ window: Window) async throws -> Page<Feedback> {
        let page = try await database.read { connection in
            _ = try CaseStore(connection).require(scope, caseID, for: .giveFeedback)
            return try FeedbackStore(connection).list(scope, case: caseID, window)
        }
        try await audit.record(AuditEntry(scope, "feedback.list", "case", caseID.string, at: clock()))
        return page
    }

    private static func result(
        _ scope: Scope, _ caseID: CaseID, _ task: ID<InferenceTask>?, in connection: any DatabaseConnection
    ) throws -> CaseResult {
        let store = ResultStore(connection)
        if let task {
            guard let result = try store.find(scope, task: task), result.caseID == caseID else {
                throw AppError.invalid("taskId", "The case has no result of this task.")
            }
            return result
        }
        guard let result = try store.latest(scope, case: caseID) else {
            throw AppError(.conflict, "The case has no result yet. Run a segmentation first.")
        }
        return result
    }
}
