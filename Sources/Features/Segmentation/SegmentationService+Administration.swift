import Kernel
import Storage

// Administrators' operations on finished segmentations.

extension SegmentationService {
    /// Requests the same segmentation again, even if a report has been signed: the page has asked for confirmation.
    package func restart(_ scope: Scope, _ id: ID<InferenceTask>) async throws -> InferenceTask {
        let task = try await database.read { try Self.require(scope, id, for: .startInference, in: $0) }
        return try await start(scope, case: task.caseID, modelID: task.modelID, force: true)
    }

    /// Deletes the task with its result, its reports and their files; not possible with a finalized report.
    package func delete(_ scope: Scope, _ id: ID<InferenceTask>) async throws {
        try Policy.require(.administer, scope)
        let now = clock()
        try await database.write { connection in
            let task = try Self.require(scope, id, for: .deleteCase, in: connection)
            guard task.status.isOver else { throw AppError(.conflict, "The task is not over; cancel it first.") }
            let store = SegmentationStore(connection)
            guard try !contents.lockSigned(scope, results: store.results(scope, of: id), on: connection) else {
                throw AppError(.conflict, "A finalized report rests on the task's result.")
            }
            try store.delete(scope, task)
            try AuditStore(connection).append(
                AuditEntry(scope, "inference.delete", "inference_task", id.string, at: now))
        }
    }
}
