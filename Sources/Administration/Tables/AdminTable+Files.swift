import Features
import Imaging
import Storage

// Stored files and their references; they are created and deleted with their objects, so they are read-only here.

extension AdminTable {
    static let files = {
        var table = AdminTable(
            "files", "Stored files", "stored file", audit: .init("blob"),
            .rows(
                AdminRows(
                    from: """
                        blobs b LEFT JOIN cases c
                            ON c.institution_id = b.institution_id AND c.id = b.case_id AND c.deleted_at IS NULL
                        """,
                    id: "b.id", order: .newest("b.created_at"), search: ["c.search_text", "b.sha256"]
                ) { "b.institution_id = \($0.institution)" }),
            [
                AdminColumn("id", "File", "b.id").unsortable(),
                AdminColumn("case", "Case", "c.patient_id").optional().linked(to: "cases", id: "c.id"),
                AdminColumn("size", "Size", "b.size", .bytes),
                AdminColumn("createdAt", "Stored", "b.created_at", .time),
                AdminColumn("digest", "SHA-256", "b.sha256").unlisted(),
            ])
        table.note = "Files of deleted cases show no case. A file is deleted with the object it belongs to."
        table.filters = [
            AdminFilter("stored", "Stored", "b.created_at", .period),
            AdminFilter("case", "Case", "b.case_id", .reference(table: "cases")),
        ]
        return table
    }()

    static let resultFiles = {
        var table = AdminTable(
            "result-files", "Result files", "result's file", audit: .init("result_file"),
            .rows(
                AdminRows(
                    from: """
                        result_files f JOIN results t ON t.institution_id = f.institution_id AND t.id = f.result_id
                        \(ofCases) JOIN blobs b ON b.institution_id = f.institution_id AND b.id = f.blob_id
                        """,
                    id: "f.id", order: .newest("t.created_at"), search: ["LOWER(f.name)", "c.search_text"]
                ) { CaseStore.visible($0, for: .readResult) }),
            [
                AdminColumn("name", "Name", "f.name"),
                AdminColumn("case", "Case", "c.patient_id").linked(to: "cases", id: "t.case_id"),
                AdminColumn("content", "Content", "f.content", .state),
                AdminColumn("region", "Region", "f.region").optional(),
                AdminColumn("sequence", "Sequence", "f.sequence").optional(),
                AdminColumn("size", "Size", "b.size", .bytes),
                AdminColumn("createdAt", "Measured", "t.created_at", .time),
                AdminColumn("result", "Result", "f.result_id").unlisted().unsortable()
                    .linked(to: "results", id: "f.result_id"),
                AdminColumn("file", "Stored file", "f.blob_id").unlisted().unsortable()
                    .linked(to: "files", id: "f.blob_id"),
            ])
        table.filters = [
            AdminFilter(
                "content", "Content", "f.content",
                .choice(["labels", "region", "probabilities", "manifest", "picture"].map { .init($0, $0) })),
            AdminFilter("measured", "Measured", "t.created_at", .period),
            AdminFilter("result", "Result", "f.result_id", .reference(table: "results")),
        ]
        return table
    }()

    static let uploads = {
        var table = AdminTable(
            "uploads", "Resumable uploads", "upload", audit: .init("upload"),
            .rows(
                AdminRows(
                    from: """
                        case_uploads p JOIN cases c ON c.institution_id = p.institution_id AND c.id = p.case_id
                        JOIN users u ON u.institution_id = p.institution_id AND u.id = p.created_by
                        """,
                    id: "p.id", order: .newest("p.created_at"),
                    search: ["LOWER(p.filename)", "c.search_text", "u.search_text"]
                ) { CaseStore.visible($0) }),
            [
                AdminColumn("filename", "File", "p.filename"),
                AdminColumn("case", "Case", "c.patient_id").linked(to: "cases", id: "p.case_id"),
                AdminColumn("modality", "Sequence", "p.modality", .state),
                AdminColumn("size", "Size", "p.size", .bytes),
                AdminColumn("author", "By", "u.email").linked(to: "users", id: "p.created_by"),
                AdminColumn("createdAt", "Begun", "p.created_at", .time),
                AdminColumn("expiresAt", "Expires", "p.expires_at", .time),
                AdminColumn("completedAt", "Completed", "p.completed_at", .time).optional(),
            ])
        table.note = "Incomplete uploads count against the institution's quota until they are complete or expire."
        table.filters = [
            AdminFilter("completed", "State", "p.completed_at", .presence(yes: "Complete", no: "In progress")),
            AdminFilter("modality", "Sequence", "p.modality", .choice(AdminChoice.all(of: MRISequence.self))),
            AdminFilter("begun", "Begun", "p.created_at", .period),
            AdminFilter("case", "Case", "p.case_id", .reference(table: "cases")),
        ]
        return table
    }()

    static let pdfs = {
        var table = AdminTable(
            "pdfs", "Printed reports", "printed report", audit: .init("report_pdf"),
            .rows(
                AdminRows(
                    from: """
                        report_pdfs p JOIN reports t ON t.institution_id = p.institution_id AND t.id = p.report_id
                        \(ofCases) JOIN users u ON u.institution_id = p.institution_id AND u.id = p.created_by
                        """,
                    id: "p.id", order: .newest("p.created_at"), search: ["c.search_text", "u.search_text"]
                ) { CaseStore.visible($0, for: .readReport) }),
            [
                AdminColumn("createdAt", "Printed", "p.created_at", .time),
                AdminColumn("case", "Case", "c.patient_id").linked(to: "cases", id: "t.case_id"),
                AdminColumn("status", "Status as printed", "p.status", .state),
                AdminColumn("revision", "Revision", "p.revision", .number),
                AdminColumn("author", "By", "u.email").linked(to: "users", id: "p.created_by"),
                AdminColumn("report", "Report", "p.report_id").unsortable().linked(to: "reports", id: "p.report_id"),
                AdminColumn("file", "Stored file", "p.blob_id").unlisted().unsortable()
                    .linked(to: "files", id: "p.blob_id"),
            ])
        table.filters = [
            AdminFilter(
                "status", "Status as printed", "p.status",
                .choice(
                    [Report.Status.draft, .reviewed, .finalized, .exported].map { .init($0.rawValue, $0.rawValue) })),
            AdminFilter("printed", "Printed", "p.created_at", .period),
            AdminFilter("report", "Report", "p.report_id", .reference(table: "reports")),
        ]
        return table
    }()
}
