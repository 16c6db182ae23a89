import Imaging
import Kernel
import Storage

/// The rules of segmentations: who may start, see and cancel them.
package struct SegmentationService: Sendable {
    let database: any Database
    private let audit: AuditService
    let contents: CaseContents
    private let models: InstalledModels
    let clock: @Sendable () -> Timestamp

    /// - Parameter models: those that can be requested.
    package init(
        database: any Database, audit: AuditService, contents: CaseContents, models: InstalledModels,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.audit = audit
        self.contents = contents
        self.models = models
        self.clock = clock
    }

    /// Requests a case's segmentation; returns an active task with the same inputs if there is one.
    ///
    /// - Parameters:
    ///   - force: also if the case has a signed report, which is kept beside a new draft.
    ///   - messageID: the Celery client's message that requests it.
    package func start(
        _ scope: Scope, case caseID: CaseID, modelID: String? = nil, force: Bool = false, messageID: String? = nil
    ) async throws -> InferenceTask {
        let modelID = try checked(modelID)
        do {
            return try await startOnce(scope, case: caseID, modelID: modelID, force: force, messageID)
        } catch let error as DatabaseError where error.constraint == Self.activeConstraint {
            // A concurrent start was first: its task now exists.
            return try await startOnce(scope, case: caseID, modelID: modelID, force: force, messageID)
        }
    }

    private static let activeConstraint = "uq_inference_tasks_case_id_active_inputs"

    /// The digest of the client's model.
    private func checked(_ modelID: String?) throws -> String? {
        guard let modelID, !modelID.isEmpty else { return nil }
        guard let model = models.find(modelID) else {
            throw AppError.invalid("modelId", "Model not found. Omit the field to use the active model.")
        }
        return model.identity.digest
    }

    private func startOnce(
        _ scope: Scope, case caseID: CaseID, modelID: String?, force: Bool, _ messageID: String?
    ) async throws -> InferenceTask {
        let now = clock()
        return try await database.write { connection in
            let cases = CaseStore(connection)
            // First: the case must not be deleted, nor its images replaced, while the task is created.
            try cases.lock(scope, caseID)
            let item = try cases.require(scope, caseID, for: .startInference)
            let images = try cases.images(scope, of: caseID)
            let store = SegmentationStore(connection)
            let digest = InputsDigest.of(images, modelID: modelID)
            if let task = try store.activeTask(scope, case: caseID, digest: digest) { return task }
            guard item.status != .archived else {
                throw AppError(.conflict, "The case is archived; take it out of the archive first.")
            }
            guard !images.isEmpty else {
                throw AppError.invalid("caseId", "The case has no images; upload at least one sequence first.")
            }
            if !force { try contents.requireUnsigned(scope, case: caseID, on: connection) }
            let id = ID<InferenceTask>()
            let parameters = SegmentCaseJob.Parameters(task: id, caseID: caseID)
            let job = try JobStore(connection).enqueue(
                SegmentCaseJob.self, parameters, institution: scope.institution,
                requestID: scope.origin.requestID, trace: scope.origin.trace, messageID: messageID, at: now)
            try store.insertTask(scope, id, case: caseID, job: job, modelID: modelID, digest: digest, at: now)
            try cases.setStatus(scope, caseID, .processing, at: now)
            try AuditStore(connection).append(
                AuditEntry(scope, "inference.start", "inference_task", id.string, at: now))
            return try Self.require(scope, id, for: .startInference, in: connection)
        }
    }

    /// The task, with its result if completed.
    package func get(_ scope: Scope, _ id: ID<InferenceTask>) async throws -> InferenceTask {
        let task = try await database.read { connection in
            var task = try Self.require(scope, id, in: connection)
            if task.status == .completed { task.result = try ResultStore(connection).find(scope, task: id)?.result }
            return task
        }
        try await audit.record(AuditEntry(scope, "inference.read", "inference_task", id.string, at: clock()))
        return task
    }

    /// Tasks of the cases that `scope` may see, newest first, without their results.
    package func list(
        _ scope: Scope, case caseID: CaseID? = nil, created: TimeSpan = TimeSpan(), _ window: Window
    ) async throws -> Page<InferenceTask> {
        try Policy.require(.readResult, scope)
        let page = try await database.read {
            try SegmentationStore($0).tasks(scope, case: caseID, created: created, window)
        }
        try await audit.record(AuditEntry(scope, "inference.list", "inference_task", nil, at: clock()))
        return page
    }

    /// Cancels the task: immediately if it is pending, within a second if it is running. Finished tasks are unchanged.
    package func cancel(_ scope: Scope, _ id: ID<InferenceTask>) async throws -> InferenceTask {
        let now = clock()
        return try await database.write { connection in
            let task = try Self.require(scope, id, for: .startInference, in: connection)
            try task.cancel(scope, in: connection, at: now)
            return try Self.require(scope, id, for: .startInference, in: connection)
        }
    }

    /// The case's newest result with its files; `nil` if there is none.
    package func latestResult(_ scope: Scope, case caseID: CaseID) async throws -> CaseResult? {
        let result = try await database.read { connection in
            _ = try CaseStore(connection).require(scope, caseID, for: .readResult)
            return try ResultStore(connection).latest(scope, case: caseID)
                .map { try Self.compared($0, scope, connection) }
        }
        try await audit.record(AuditEntry(scope, "result.read", "case", caseID.string, at: clock()))
        return result
    }

    /// The result of one task with its files; `nil` if there is none.
    package func result(_ scope: Scope, of id: ID<InferenceTask>) async throws -> CaseResult? {
        let result = try await database.read { connection in
            _ = try Self.require(scope, id, in: connection)
            return try ResultStore(connection).find(scope, task: id)
                .map { try Self.compared($0, scope, connection) }
        }
        try await audit.record(AuditEntry(scope, "result.read", "inference_task", id.string, at: clock()))
        return result
    }

    /// The result with whether the case's current images are still those that it measured.
    private static func compared(
        _ result: CaseResult, _ scope: Scope, _ connection: any DatabaseConnection
    ) throws -> CaseResult {
        var result = result
        let images = try CaseStore(connection).images(scope, of: result.caseID)
        let modelID = try SegmentationStore(connection).task(scope, result.task)?.modelID
        result.isStale = InputsDigest.of(images, modelID: modelID) != result.inputsDigest
        return result
    }

    static func require(
        _ scope: Scope, _ id: ID<InferenceTask>, for action: Action = .readResult,
        in connection: any DatabaseConnection
    ) throws -> InferenceTask {
        let store = SegmentationStore(connection)
        if let task = try store.task(scope, id, for: action) { return task }
        if action != .readResult, try store.task(scope, id) != nil {
            throw AppError(.forbidden, "You can view this task, but your role does not permit this action.")
        }
        throw AppError(.notFound, "Task not found.")
    }
}

extension InferenceTask {
    /// Cancels the task: immediately if it is pending, otherwise its worker notices. Finished tasks are unchanged.
    func cancel(_ scope: Scope, in connection: any DatabaseConnection, at now: Timestamp) throws {
        let answer = try JobStore(connection).requestCancel(job, at: now)
        if answer != .alreadyOver {
            try AuditStore(connection).append(
                AuditEntry(scope, "inference.cancel", "inference_task", id.string, at: now))
        }
        switch answer {
        case .end(let end): try recordEnd(end, in: connection, at: now)
        // Its result will be discarded, so the next start must not return it.
        case .asked: try SegmentationStore(connection).deactivate(scope, id)
        case .alreadyOver: break
        }
    }
}
