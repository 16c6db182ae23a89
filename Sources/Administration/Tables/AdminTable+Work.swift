import Features
import Imaging
import Kernel
import Storage

// Segmentations: tasks, their jobs, and results.

extension AdminTable {
    static let ofCases = "JOIN cases c ON c.institution_id = t.institution_id AND c.id = t.case_id"
    /// Rows related to results, with the task of each.
    private static func ofResults(_ table: String) -> String {
        "(SELECT p.institution_id, r.task_id FROM \(table) p JOIN results r ON r.id = p.result_id) AS part"
    }

    private static let jobStates = AdminChoice.all(of: JobStatus.self)

    static let tasks = {
        var table = AdminTable(
            "tasks", "Tasks", "task", audit: .init("inference_task", prefix: "inference"),
            .rows(
                AdminRows(
                    from: """
                        inference_tasks t JOIN jobs j ON j.institution_id = t.institution_id AND j.id = t.job_id
                        \(ofCases) JOIN users u ON u.institution_id = t.institution_id AND u.id = t.created_by
                        """,
                    id: "t.id", order: .newest("t.created_at"), search: ["c.search_text", "u.search_text"]
                ) { CaseStore.visible($0, for: .readResult) }),
            [
                AdminColumn("id", "Task", "t.id").unsortable(),
                AdminColumn("case", "Case", "c.patient_id").linked(to: "cases", id: "t.case_id"),
                AdminColumn("status", "Status", "j.status", .state),
                AdminColumn("step", "Step", "j.current_step").optional(),
                AdminColumn("author", "Requested by", "u.email").linked(to: "users", id: "t.created_by"),
                AdminColumn("createdAt", "Requested", "t.created_at", .time),
                AdminColumn("startedAt", "Started", "j.started_at", .time).optional().unlisted(),
                AdminColumn("finishedAt", "Ended", "j.finished_at", .time).optional(),
                AdminColumn("error", "Error", "j.error_message", .longText).optional().unlisted(),
                AdminColumn("attempt", "Attempts", "j.attempt", .number).unlisted(),
                AdminColumn("modelId", "Requested model", "t.model_id").optional().unlisted(),
                AdminColumn("inputsDigest", "Input digest", "t.inputs_digest").unlisted(),
                AdminColumn("isSigned", "Signed report", hasSignedReport, .flag).unlisted().unsortable(),
                AdminColumn("job", "Job", "t.job_id").unlisted().unsortable().linked(to: "jobs", id: "t.job_id"),
            ])
        table.filters = [
            AdminFilter("status", "Status", "j.status", .choice(jobStates)),
            AdminFilter("created", "Requested", "t.created_at", .period),
            AdminFilter("case", "Case", "t.case_id", .reference(table: "cases")),
            AdminFilter("author", "Requested by", "t.created_by", .reference(table: "users")),
        ]
        table.related = [
            AdminRelated("Results", "deleted as well", "results", by: "task_id", list: .init("results", by: "task")),
            AdminRelated("Reports", "deleted as well", ofResults("reports"), by: "task_id"),
            AdminRelated("Feedback", "deleted as well", ofResults("result_feedback"), by: "task_id"),
            AdminRelated("Expert masks", "deleted as well", ofResults("expert_masks"), by: "task_id"),
            AdminRelated(
                "Files", "deleted as well",
                """
                (SELECT f.institution_id, r.task_id, b.size FROM result_files f JOIN results r ON r.id = f.result_id
                JOIN blobs b ON b.id = f.blob_id) AS part
                """, by: "task_id", bytes: "size"),
        ]
        table.actions = taskActions
        return table
    }()

    private static let hasSignedReport = """
        (CASE WHEN EXISTS (SELECT 1 FROM results x JOIN reports p ON p.result_id = x.id
            WHERE x.task_id = t.id AND p.status IN ('finalized', 'exported'))
        THEN 1 ELSE 0 END)
        """

    private static let taskActions = [
        AdminAction(
            "cancel", "Cancel", "Pending tasks stop at once, running tasks within a second.", needing: .startInference,
            where: { ["pending", "running"].contains($0["status"]?.text) }
        ) { services, scope, id in
            _ = try await services.segmentation.cancel(scope, AdministeredServices.id(id, of: ID<InferenceTask>.self))
        },
        AdminAction(
            "repeat", "Run again", "Starts a new segmentation of the same case with the same model selection.",
            needing: .startInference,
            where: { ["completed", "failed", "cancelled"].contains($0["status"]?.text) }
        ) { services, scope, id in
            _ = try await services.segmentation.restart(scope, AdministeredServices.id(id, of: ID<InferenceTask>.self))
        },
        AdminAction(
            "delete", "Delete", "Results and reports of the tasks are deleted as well.", isDestructive: true,
            where: { ["completed", "failed", "cancelled"].contains($0["status"]?.text) },
            unless: { $0["isSigned"]?.text == "1" ? "The task has a signed report." : nil }
        ) { services, scope, id in
            try await services.segmentation.delete(scope, AdministeredServices.id(id, of: ID<InferenceTask>.self))
        },
    ]

    static let jobs = {
        var table = AdminTable(
            "jobs", "Jobs", "job", audit: .init("job"),
            .rows(
                AdminRows(from: "jobs j", id: "j.id", order: .newest("j.created_at"), search: ["j.kind"]) {
                    "j.institution_id = \($0.institution)"
                }),
            [
                AdminColumn("kind", "Kind", "j.kind"), AdminColumn("class", "Class", "j.class"),
                AdminColumn("status", "Status", "j.status", .state),
                AdminColumn("attempt", "Attempts", "j.attempt", .number),
                AdminColumn("losses", "Worker losses", "j.losses", .number),
                AdminColumn("createdAt", "Enqueued", "j.created_at", .time),
                AdminColumn("startedAt", "Started", "j.started_at", .time).optional(),
                AdminColumn("finishedAt", "Ended", "j.finished_at", .time).optional(),
                AdminColumn("runAfter", "Not before", "j.run_after", .time).unlisted(),
                AdminColumn("leaseOwner", "Worker", "j.lease_owner").optional().unlisted(),
                AdminColumn("heartbeatAt", "Last heartbeat", "j.heartbeat_at", .time).optional().unlisted(),
                AdminColumn("step", "Step", "j.current_step").optional().unlisted(),
                AdminColumn("error", "Error", "j.error_message", .longText).optional().unlisted(),
                AdminColumn("parameters", "Parameters", "j.parameters", .longText).unlisted(),
            ])
        table.note = "Background work. Cancel a segmentation on its task."
        table.filters = [
            AdminFilter("status", "Status", "j.status", .choice(jobStates)),
            AdminFilter("kind", "Kind", "j.kind", .text), AdminFilter("class", "Class", "j.class", .text),
            AdminFilter("created", "Enqueued", "j.created_at", .period),
        ]
        table.related = [AdminRelated("Tasks", "", "inference_tasks", by: "job_id")]
        return table
    }()

    static let results = {
        var table = AdminTable(
            "results", "Results", "result", audit: .init("result"),
            .rows(
                AdminRows(
                    from: "results t \(ofCases)", id: "t.id", order: .newest("t.created_at"),
                    search: ["c.search_text", "LOWER(t.model_name)", "t.model_version"]
                ) { CaseStore.visible($0, for: .readResult) }),
            [
                AdminColumn("id", "Result", "t.id").unsortable(),
                AdminColumn("case", "Case", "c.patient_id").linked(to: "cases", id: "t.case_id"),
                AdminColumn("model", "Model", "t.model_name"), AdminColumn("version", "Version", "t.model_version"),
                AdminColumn("createdAt", "Measured", "t.created_at", .time),
                AdminColumn(
                    "needsReview", "Needs review",
                    """
                    CASE WHEN EXISTS (SELECT 1 FROM findings f WHERE f.institution_id = t.institution_id
                        AND f.result_id = t.id AND f.kind = 'review') THEN 1 ELSE 0 END
                    """, .flag
                ).unsortable(),
                AdminColumn("task", "Task", "t.task_id").unsortable().unlisted().linked(to: "tasks", id: "t.task_id"),
                AdminColumn("modelDigest", "Model digest", "t.model_digest").unlisted(),
                AdminColumn("inputsDigest", "Input digest", "t.inputs_digest").unlisted(),
                AdminColumn("codeVersion", "Software version", "t.code_version").unlisted(),
            ])
        table.note = "Results are immutable and deleted with their task."
        table.filters = [
            AdminFilter("created", "Measured", "t.created_at", .period),
            AdminFilter("version", "Model version", "t.model_version", .text),
            AdminFilter("case", "Case", "t.case_id", .reference(table: "cases")),
            AdminFilter("task", "Task", "t.task_id", .reference(table: "tasks")),
        ]
        table.related = [
            AdminRelated(
                "Findings", "deleted as well", "findings", by: "result_id", list: .init("findings", by: "result")
            ).inline(),
            AdminRelated(
                "Files", "deleted as well", "result_files", by: "result_id", list: .init("result-files", by: "result")),
            AdminRelated(
                "Reports", "deleted as well", "reports", by: "result_id", list: .init("reports", by: "result")),
            AdminRelated(
                "Feedback", "deleted as well", "result_feedback", by: "result_id", list: .init("feedback", by: "result")
            ),
            AdminRelated(
                "Expert masks", "deleted as well", "expert_masks", by: "result_id", list: .init("masks", by: "result")),
        ]
        return table
    }()

    static let findings = {
        var table = AdminTable(
            "findings", "Findings", "finding", audit: .init("finding"),
            .rows(
                AdminRows(
                    from: """
                        findings f JOIN results t ON t.institution_id = f.institution_id AND t.id = f.result_id
                        \(ofCases)
                        """,
                    id: "f.result_id || '-' || f.number", order: .newest("t.created_at", then: "f.position"),
                    search: ["c.search_text", "f.kind"]
                ) { CaseStore.visible($0, for: .readResult) }),
            [
                AdminColumn("number", "Finding", "f.number"),
                AdminColumn("case", "Case", "c.patient_id").linked(to: "cases", id: "t.case_id"),
                AdminColumn("kind", "Kind", "f.kind"), AdminColumn("region", "Region", "f.region").optional(),
                AdminColumn("lesion", "Lesion", "f.lesion", .number).optional(),
                AdminColumn("quantity", "Quantity", "f.quantity", .decimal).optional(),
                AdminColumn("unit", "Unit", "f.unit").optional(), AdminColumn("term", "Term", "f.term").optional(),
                AdminColumn("result", "Result", "f.result_id").unsortable().linked(to: "results", id: "f.result_id"),
            ])
        table.note = "Measurements cited by reports."
        table.filters = [
            AdminFilter("kind", "Kind", "f.kind", .text),
            AdminFilter("measured", "Measured", "t.created_at", .period),
            AdminFilter("result", "Result", "f.result_id", .reference(table: "results")),
        ]
        return table
    }()
}
