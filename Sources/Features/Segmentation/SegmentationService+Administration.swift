import Kernel
import Storage

// What administrators do with segmentations that are over.

extension SegmentationService {
    /// Asks for the same segmentation again, also where a report has been signed: the page has asked.
    package func restart(_ scope: Scope, _ id: ID<InferenceTask>) async throws -> InferenceTask {
        let task = try await database.read { try Self.require(scope, id, for: .startInference, in: $0) }
        return try await start(scope, case: task.caseID, modelID: task.modelID, force: true)
    }

    /// The task goes with its result, the reports on that and their files; a finalized report keeps it.
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
