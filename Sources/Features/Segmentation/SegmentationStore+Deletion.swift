import Storage

extension SegmentationStore {
    /// Whether a report on the task's result is more than a draft that somebody has looked at. None is signed from here on until
    /// this transaction ends.
    func hasSignedReport(_ scope: Scope, _ id: ID<InferenceTask>) throws -> Bool {
        try connection.execute(
            """
            UPDATE reports SET revision = revision
            WHERE institution_id = \(scope.institution) AND result_id IN (SELECT id FROM results WHERE task_id = \(id))
            """)
        return try connection.queryOne(
            """
            SELECT 1 AS one FROM reports p JOIN results r ON r.institution_id = p.institution_id AND r.id = p.result_id
            WHERE p.institution_id = \(scope.institution) AND r.task_id = \(id)
                AND p.status IN (\(Report.Status.finalized), \(Report.Status.exported)) LIMIT 1
            """) != nil
    }

    /// Takes the task's result along, and what hangs on that; its files are swept once no row names them.
    func delete(_ scope: Scope, _ task: InferenceTask) throws {
        let files = try blobs(scope, of: task.id)
        try connection.execute(
            "DELETE FROM inference_tasks WHERE institution_id = \(scope.institution) AND id = \(task.id)")
        try BlobRowStore(connection).delete(scope, files)
        try connection.execute("DELETE FROM jobs WHERE institution_id = \(scope.institution) AND id = \(task.job)")
        try settleCase(scope, task)
        try CaseStore(connection).settleReview(scope.institution, task.caseID)
    }

    /// The files of the task's result, of the reports on it, and of experts' masks that were compared with it.
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

    /// A case whose only result is gone waits for a segmentation again.
    private func settleCase(_ scope: Scope, _ task: InferenceTask) throws {
        let cases = CaseStore(connection)
        guard let item = try cases.find(scope, task.caseID), [.completed, .failed].contains(item.status),
            try ResultStore(connection).latest(scope, case: task.caseID) == nil
        else { return }
        let isEmpty = try ImageStore(connection).list(scope, case: task.caseID).isEmpty
        try cases.setStatus(scope, task.caseID, isEmpty ? .created : .uploaded, at: .now)
    }
}
