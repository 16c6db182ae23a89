import Kernel
import Storage

extension SegmentationStore {
    /// Selects the ids of the task's results.
    func results(_ scope: Scope, of task: ID<InferenceTask>) -> SQL {
        "SELECT id FROM results WHERE institution_id = \(scope.institution) AND task_id = \(task)"
    }

    /// Also deletes the task's result and its related objects; its files are swept once no row references them.
    func delete(_ scope: Scope, _ task: InferenceTask) throws {
        let files = try blobs(scope, of: task.id)
        try connection.execute(
            "DELETE FROM inference_tasks WHERE institution_id = \(scope.institution) AND id = \(task.id)")
        try BlobRowStore(connection).delete(scope, files)
        try connection.execute("DELETE FROM jobs WHERE institution_id = \(scope.institution) AND id = \(task.job)")
        try settleCase(scope, task)
        try CaseStore(connection).settleReview(scope.institution, task.caseID)
    }

    /// The files of the task's result, its reports, and expert masks compared with it.
    private func blobs(_ scope: Scope, of task: ID<InferenceTask>) throws -> [BlobKey] {
        let ofTask: SQL = "r.institution_id = \(scope.institution) AND r.task_id = \(task)"
        return try connection.query(
            """
            SELECT f.blob_id FROM result_files f JOIN results r ON r.id = f.result_id WHERE \(ofTask)
            UNION ALL SELECT m.blob_id FROM expert_masks m JOIN results r ON r.id = m.result_id WHERE \(ofTask)
            UNION ALL SELECT d.blob_id FROM report_pdfs d JOIN reports p ON p.id = d.report_id
                JOIN results r ON r.id = p.result_id WHERE \(ofTask)
            """
        ).map { try $0.get("blob_id") }
    }

    /// A case without its only result waits for a segmentation again.
    private func settleCase(_ scope: Scope, _ task: InferenceTask) throws {
        let cases = CaseStore(connection)
        guard let item = try cases.find(scope, task.caseID), [.completed, .failed].contains(item.status),
            try ResultStore(connection).latest(scope, case: task.caseID) == nil
        else { return }
        let isEmpty = try cases.images(scope, of: task.caseID).isEmpty
        try cases.setStatus(scope, task.caseID, isEmpty ? .created : .uploaded, at: .now)
    }
}
