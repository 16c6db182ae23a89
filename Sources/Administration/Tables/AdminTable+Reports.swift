import Features
import Imaging
import Kernel
import Storage

// Reports with their revisions, and feedback on results.

extension AdminTable {
    private static let reportStates = [Report.Status.draft, .reviewed, .finalized, .exported].map {
        AdminChoice($0.rawValue, $0.rawValue)
    }

    static let reports = {
        var table = AdminTable(
            "reports", "Reports", "report", audit: .init("report"),
            .rows(
                AdminRows(
                    from: """
                        reports t \(ofCases)
                        LEFT JOIN users u ON u.institution_id = t.institution_id AND u.id = t.last_edited_by
                        """,
                    id: "t.id", order: .newest("t.generated_at"), search: ["c.search_text"],
                    revision: "t.revision"
                ) { CaseStore.visible($0, for: .readReport) }),
            [
                AdminColumn("id", "Report", "t.id").unsortable(),
                AdminColumn("case", "Case", "c.patient_id").linked(to: "cases", id: "t.case_id"),
                AdminColumn("status", "Status", "t.status", .state),
                AdminColumn("editCount", "Edits", "t.edit_count", .number),
                AdminColumn("generatedAt", "Drafted", "t.generated_at", .time),
                AdminColumn("updatedAt", "Changed", "t.updated_at", .time),
                AdminColumn("lastEditedBy", "Last edited by", "u.email").optional()
                    .linked(to: "users", id: "t.last_edited_by"),
                AdminColumn("aiGeneratedText", "Draft", "t.ai_generated_text", .longText).unlisted(),
                AdminColumn(
                    "finalizedText", "Current text", "COALESCE(t.finalized_text, t.ai_generated_text)", .longText
                ).unlisted(),
                AdminColumn("revision", "Revision", "t.revision", .number).unlisted(),
                AdminColumn("result", "Result", "t.result_id").unlisted().unsortable()
                    .linked(to: "results", id: "t.result_id"),
            ])
        table.filters = [
            AdminFilter("status", "Status", "t.status", .choice(reportStates)),
            AdminFilter("drafted", "Drafted", "t.generated_at", .period),
            AdminFilter("case", "Case", "t.case_id", .reference(table: "cases")),
            AdminFilter("result", "Result", "t.result_id", .reference(table: "results")),
        ]
        table.edit = reportForm
        table.related = [
            AdminRelated(
                "Edits", "deleted as well", "report_edits", by: "report_id", list: .init("edits", by: "report")
            ).inline(),
            AdminRelated(
                "Printed PDFs", "deleted as well", "report_pdfs", by: "report_id", list: .init("pdfs", by: "report")),
            AdminRelated(
                "Addenda", "deleted as well", "report_addenda", by: "report_id", list: .init("addenda", by: "report")
            ).inline(),
        ]
        table.actions = [
            AdminAction(
                "delete", "Delete", "Deletes drafts and reviewed reports with their revisions.", isDestructive: true,
                unless: { row in
                    ["draft", "reviewed"].contains(row["status"]?.text)
                        ? nil : "Signed reports cannot be deleted."
                }
            ) { services, scope, id in
                try await services.reports.delete(scope, AdministeredServices.id(id, of: ID<Report>.self))
            }
        ]
        return table
    }()

    private static let reportForm = AdminForm(fields: [
        .init("finalizedText", "Current text", .longText, isRequired: true),
        .init(
            "status", "Status", .choice(reportStates), isRequired: true,
            help: "Changing the text makes it a draft again. Only radiologists sign; signed reports cannot be changed."),
        .init("acknowledgeChecks", "Sign despite the listed warnings", .flag),
        .init("editReason", "Reason"),
    ]) { services, scope, id, values in
        // Browsers send CRLF line ends.
        let text = values["finalizedText"]?.replacing("\r\n", with: "\n")
        let form = ReportForm(
            finalizedText: text, editReason: values["editReason"], status: values["status"],
            acknowledgeChecks: values.flag("acknowledgeChecks"))
        _ = try await services.reports.update(
            scope, AdministeredServices.id(id, of: ID<Report>.self), form, if: values.precondition)
        return .init(id)
    }.needing(.writeReport)

    static let edits = {
        var table = AdminTable(
            "edits", "Report revisions", "edit", audit: .init("report_edit"),
            .rows(
                AdminRows(
                    from: """
                        report_edits e JOIN reports t ON t.institution_id = e.institution_id AND t.id = e.report_id
                        \(ofCases) LEFT JOIN users u ON u.institution_id = e.institution_id AND u.id = e.edited_by
                        """,
                    id: "e.report_id || '-' || CAST(e.number AS TEXT)", order: .newest("e.edited_at"),
                    search: ["u.search_text", "LOWER(e.reason)"]
                ) { CaseStore.visible($0, for: .readReport) }),
            [
                AdminColumn("editedAt", "When", "e.edited_at", .time).precise(),
                AdminColumn("number", "Number", "e.number", .number),
                AdminColumn("editedBy", "Who", "u.email").optional().linked(to: "users", id: "e.edited_by"),
                AdminColumn("status", "New status", "e.status", .state),
                AdminColumn("reason", "Reason", "e.reason"),
                AdminColumn("report", "Report", "e.report_id").unsortable().linked(to: "reports", id: "e.report_id"),
                AdminColumn("text", "New text", "e.text", .longText).optional().unlisted(),
            ])
        table.note = "All changes of reports."
        table.filters = [
            AdminFilter("status", "New status", "e.status", .choice(reportStates)),
            AdminFilter("edited", "When", "e.edited_at", .period),
            AdminFilter("report", "Report", "e.report_id", .reference(table: "reports")),
        ]
        return table
    }()

    static let addenda = {
        var table = AdminTable(
            "addenda", "Addenda", "addendum", audit: .init("report_addendum"),
            .rows(
                AdminRows(
                    from: """
                        report_addenda a JOIN reports t ON t.institution_id = a.institution_id AND t.id = a.report_id
                        \(ofCases) LEFT JOIN users u ON u.institution_id = a.institution_id AND u.id = a.written_by
                        """,
                    id: "a.report_id || '-' || CAST(a.number AS TEXT)", order: .newest("a.written_at"),
                    search: ["u.search_text", "LOWER(a.reason)"]
                ) { CaseStore.visible($0, for: .readReport) }),
            [
                AdminColumn("writtenAt", "Added", "a.written_at", .time),
                AdminColumn("number", "Number", "a.number", .number),
                AdminColumn("writtenBy", "Author", "u.email").optional().linked(to: "users", id: "a.written_by"),
                AdminColumn("reason", "Reason", "a.reason"),
                AdminColumn("report", "Report", "a.report_id").unsortable().linked(to: "reports", id: "a.report_id"),
                AdminColumn("text", "Text", "a.text", .longText).unlisted(),
            ])
        table.note = "Addenda of signed reports."
        table.filters = [
            AdminFilter("added", "Added", "a.written_at", .period),
            AdminFilter("report", "Report", "a.report_id", .reference(table: "reports")),
        ]
        return table
    }()

    static let feedback = {
        let rating = { (key: String, title: String, column: String) in
            AdminColumn(key, title, "f.\(column)", .number).optional()
        }
        var table = AdminTable(
            "feedback", "Feedback", "feedback", audit: .init("feedback"),
            .rows(
                AdminRows(
                    from: """
                        result_feedback f JOIN cases c ON c.institution_id = f.institution_id AND c.id = f.case_id
                        LEFT JOIN users u ON u.institution_id = f.institution_id AND u.id = f.created_by
                        """,
                    id: "f.id", order: .newest("f.created_at"), search: ["c.search_text", "u.search_text"]
                ) { CaseStore.visible($0) }),
            [
                AdminColumn("createdAt", "Given", "f.created_at", .time),
                AdminColumn("case", "Case", "c.patient_id").linked(to: "cases", id: "f.case_id"),
                AdminColumn("author", "By", "u.email").optional().linked(to: "users", id: "f.created_by"),
                rating("rating", "Rating", "rating"), rating("wt", "WT", "whole_tumour_rating"),
                rating("tc", "TC", "tumour_core_rating"), rating("et", "ET", "enhancing_tumour_rating"),
                AdminColumn("isCorrect", "Correct", "f.is_correct", .flag).optional(),
                AdminColumn("comment", "Comment", "f.comment", .longText).unlisted(),
                AdminColumn("result", "Result", "f.result_id").unlisted().unsortable()
                    .linked(to: "results", id: "f.result_id"),
            ])
        table.note = "Ratings of results by clinicians, from 1 to 5."
        table.filters = [
            AdminFilter("correct", "Correct", "f.is_correct", .flag),
            AdminFilter("given", "Given", "f.created_at", .period),
            AdminFilter("case", "Case", "f.case_id", .reference(table: "cases")),
            AdminFilter("result", "Result", "f.result_id", .reference(table: "results")),
        ]
        return table
    }()

    static let masks = {
        var table = AdminTable(
            "masks", "Expert masks", "expert mask", audit: .init("expert_mask"),
            .rows(
                AdminRows(
                    from: """
                        expert_masks m JOIN cases c ON c.institution_id = m.institution_id AND c.id = m.case_id
                        LEFT JOIN users u ON u.institution_id = m.institution_id AND u.id = m.uploaded_by
                        """,
                    id: "m.id", order: .newest("m.uploaded_at"), search: ["c.search_text", "u.search_text"]
                ) { CaseStore.visible($0) }),
            [
                AdminColumn("uploadedAt", "Uploaded", "m.uploaded_at", .time),
                AdminColumn("case", "Case", "c.patient_id").linked(to: "cases", id: "m.case_id"),
                AdminColumn("sequence", "Sequence", "m.sequence", .state),
                AdminColumn("convention", "Convention", "m.convention"),
                AdminColumn("author", "By", "u.email").optional().linked(to: "users", id: "m.uploaded_by"),
                AdminColumn("agreement", "Agreement", "m.agreement_json", .longText).optional().unlisted(),
                AdminColumn("result", "Result", "m.result_id").unlisted().unsortable()
                    .linked(to: "results", id: "m.result_id"),
            ])
        table.filters = [
            AdminFilter("uploaded", "Uploaded", "m.uploaded_at", .period),
            AdminFilter("case", "Case", "m.case_id", .reference(table: "cases")),
            AdminFilter("result", "Result", "m.result_id", .reference(table: "results")),
        ]
        return table
    }()
}
