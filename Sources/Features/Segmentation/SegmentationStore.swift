import Foundation
import Imaging
import Kernel
import Storage

/// The rows of inference tasks and their results.
package struct SegmentationStore {
    let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    // Includes the job's columns, which have the task's progress.
    private static let selection: SQL = """
        SELECT j.status, j.attempt, j.losses, j.max_attempts, j.run_after, j.lease_owner, j.lease_token,
            j.lease_expires, j.progress, j.current_step, j.cancel_requested, j.error_message, j.started_at,
            j.finished_at, j.request_id, t.*
        FROM inference_tasks t
        JOIN jobs j ON j.institution_id = t.institution_id AND j.id = t.job_id
        JOIN cases c ON c.institution_id = t.institution_id AND c.id = t.case_id
        """

    func insertTask(
        _ scope: Scope, _ id: ID<InferenceTask>, case caseID: CaseID, job: ID<JobRecord>, modelID: String?,
        digest: String, at now: Timestamp
    ) throws {
        try connection.execute(
            """
            INSERT INTO inference_tasks
                (id, institution_id, case_id, job_id, model_id, inputs_digest, active_inputs, created_by, created_at)
            VALUES (\(id), \(scope.institution), \(caseID), \(job), \(modelID), \(digest), \(digest), \(scope.user),
                \(now))
            """)
    }

    /// `nil` if there is no such task or `scope` may not know of its case.
    package func task(_ scope: Scope, _ id: ID<InferenceTask>, for action: Action = .readResult) throws
        -> InferenceTask?
    {
        let condition = CaseStore.visible(scope, for: action)
        return try connection.queryOne("\(Self.selection) WHERE t.id = \(id) AND \(condition)")
            .map(InferenceTask.init)
    }

    /// The task for a worker, across institutions; `nil` if its case has been deleted.
    func task(asWorker id: ID<InferenceTask>) throws -> InferenceTask? {
        try connection.queryOne("\(Self.selection) WHERE t.id = \(id)").map(InferenceTask.init)
    }

    /// The unfinished task with these inputs.
    func activeTask(_ scope: Scope, case caseID: CaseID, digest: String) throws -> InferenceTask? {
        try connection.queryOne(
            """
            \(Self.selection)
            WHERE t.institution_id = \(scope.institution) AND t.case_id = \(caseID) AND t.active_inputs = \(digest)
            """
        ).map(InferenceTask.init)
    }

    /// The unfinished tasks of a case; the caller must check that `scope` may cancel them.
    func activeTasks(_ scope: Scope, case caseID: CaseID) throws -> [InferenceTask] {
        try connection.query(
            """
            \(Self.selection)
            WHERE t.institution_id = \(scope.institution) AND t.case_id = \(caseID) AND t.active_inputs IS NOT NULL
            ORDER BY t.created_at, t.id
            """
        ).map(InferenceTask.init)
    }

    /// Tasks of the cases that `scope` may see, newest first, without their results.
    package func tasks(
        _ scope: Scope, case caseID: CaseID? = nil, created: TimeSpan = TimeSpan(), _ window: Window
    ) throws -> Page<InferenceTask> {
        let list = CaseContentStore(
            connection: connection, table: "inference_tasks", time: "created_at", scope: scope, action: .readResult,
            caseID: caseID, span: created, window: window)
        let rows = try connection.query(
            "\(Self.selection) WHERE t.id IN (\(try list.keys())) ORDER BY t.created_at DESC, t.id DESC")
        let items = try rows.prefix(window.size).map(InferenceTask.init)
        let hasNext = rows.count > window.size
        return Page(
            items: items, count: try list.count(), nextCursor: hasNext ? items.last?.cursor : nil,
            hasNext: hasNext)
    }

    /// Releases the inputs for another task.
    func deactivate(_ scope: Scope, _ id: ID<InferenceTask>) throws {
        try connection.execute(
            """
            UPDATE inference_tasks SET active_inputs = NULL WHERE institution_id = \(scope.institution) AND id = \(id)
            """)
    }

    /// Whether another task works on the same case.
    func hasOtherActiveTask(_ scope: Scope, than task: InferenceTask) throws -> Bool {
        try connection.queryOne(
            """
            SELECT 1 AS one FROM inference_tasks
            WHERE institution_id = \(scope.institution) AND case_id = \(task.caseID) AND id <> \(task.id)
                AND active_inputs IS NOT NULL LIMIT 1
            """) != nil
    }
}

extension InferenceTask {
    fileprivate var cursor: String? {
        CaseID(id.string).map { CaseCursor(time: createdAt, id: $0).text }
    }
}
