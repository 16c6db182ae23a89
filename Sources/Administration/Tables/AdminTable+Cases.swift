import Features
import Imaging
import Kernel
import Storage

// Cases and their images.

extension AdminTable {
    static let cases = {
        var table = AdminTable(
            "cases", "Cases", "case", audit: .init("case"),
            .rows(
                AdminRows(
                    from: """
                        cases c JOIN users u ON u.institution_id = c.institution_id AND u.id = c.created_by
                        JOIN studies y ON y.id = c.study_id
                        """,
                    id: "c.id", order: .newest("c.created_at"), search: ["c.search_text", "u.search_text"],
                    revision: "c.revision"
                ) { CaseStore.visible($0) }),
            caseColumns)
        table.filters = [
            AdminFilter("status", "Status", "c.status", .choice(AdminChoice.all(of: Case.Status.self))),
            AdminFilter("sex", "Sex", "c.sex", .choice(AdminChoice.all(of: Case.Sex.self))),
            AdminFilter(
                "field", "Field strength", "c.field_strength", .choice(AdminChoice.all(of: Case.FieldStrength.self))),
            AdminFilter("created", "Created", "c.created_at", .period),
            AdminFilter("author", "Author", "c.created_by", .reference(table: "users")),
        ]
        table.related = [
            AdminRelated(
                "Images", "hidden and purged with the case", imagesByCase, by: "case_id",
                list: .init("images", by: "case")
            ).inline(),
            AdminRelated(
                "Tasks", "hidden and purged with the case", "inference_tasks", by: "case_id",
                list: .init("tasks", by: "case")
            ).inline(),
            AdminRelated(
                "Results", "hidden and purged with the case", "results", by: "case_id",
                list: .init("results", by: "case")
            ).inline(),
            AdminRelated(
                "Reports", "hidden and purged with the case", "reports", by: "case_id",
                list: .init("reports", by: "case")
            ).inline(),
            AdminRelated(
                "Shares", "hidden and purged with the case", "case_shares", by: "case_id",
                list: .init("shares", by: "case")
            ).inline(),
            AdminRelated(
                "Files", "hidden and purged with the case", "blobs", by: "case_id", bytes: "size",
                list: .init("files", by: "case")),
        ]
        table.edit = caseForm(isNew: false)
        table.add = caseForm(isNew: true).needing(.createCase)
        table.listEdit = AdminForm(fields: [CaseField.priority.formField]) { services, scope, id, values in
            var form = CaseForm()
            form[.priority] = .value(.text(values[CaseField.priority.name] ?? ""))
            _ = try await services.cases.update(
                scope, AdministeredServices.id(id, of: CaseID.self), form, if: values.precondition)
            return .init(id)
        }
        table.actions = caseActions
        return table
    }()

    private static let imagesByCase = """
        (SELECT s.institution_id, c.id AS case_id FROM series s JOIN cases c ON c.study_id = s.study_id
        WHERE s.replaced_at IS NULL) AS images
        """

    private static let caseColumns =
        CaseField.all.filter { $0.traits.contains(.listed) }.map(\.adminColumn) + [
            AdminColumn("status", "Status", "c.status", .state),
            AdminColumn("author", "Author", "u.email").linked(to: "users", id: "c.created_by"),
            AdminColumn("createdAt", "Created", "c.created_at", .time),
            AdminColumn("reviewReasons", "Review reasons", "c.review_reasons", .longText).optional().unlisted()
                .unsortable(),
            AdminColumn("updatedAt", "Changed", "c.updated_at", .time).unlisted(),
            AdminColumn("completedAt", "Completed", "c.completed_at", .time).optional().unlisted(),
        ] + CaseField.all.filter { !$0.traits.contains(.listed) }.map { $0.adminColumn.unlisted() } + [
            AdminColumn(
                "images", "Images",
                "(SELECT COUNT(*) FROM series m WHERE m.study_id = c.study_id AND m.replaced_at IS NULL)", .number
            ).unlisted().unsortable(),
            AdminColumn("revision", "Revision", "c.revision", .number).unlisted(),
        ]

    private static func caseForm(isNew: Bool) -> AdminForm {
        var fields = CaseField.all.map(\.formField)
        if !isNew {
            let choices = AdminChoice.all(of: Case.Status.self)
            fields.insert(
                .init(
                    "status", "Status", .choice(choices), isRequired: true,
                    help: "Processing, completed and failed are set automatically."), at: 3)
        }
        return AdminForm(fields: fields) { services, scope, id, values in
            let form = try CaseForm(values)
            if isNew { return .init(try await services.cases.create(scope, form).id.string) }
            _ = try await services.cases.update(
                scope, AdministeredServices.id(id, of: CaseID.self), form, if: values.precondition)
            return .init(id)
        }
    }

    private static let caseActions = [
        AdminAction(
            "archive", "Archive", "Archived cases cannot be segmented until they are unarchived.",
            where: { $0["status"]?.text != Case.Status.archived.rawValue }
        ) { services, scope, id in
            try await services.cases.update(scope, id, status: .archived)
        },
        AdminAction(
            "unarchive", "Unarchive", "The cases can be segmented again.",
            where: { $0["status"]?.text == Case.Status.archived.rawValue }
        ) { services, scope, id in
            try await services.cases.update(scope, id, status: .uploaded)
        },
        AdminAction(
            "segment", "Start segmentation",
            "Starts a segmentation of each case with the active model. Signed reports are kept; new drafts are added.",
            needing: .startInference, where: { $0["status"]?.text != Case.Status.archived.rawValue },
            unless: { $0["images"]?.text == "0" ? "The case has no images yet." : nil }
        ) { services, scope, id in
            _ = try await services.segmentation.start(
                scope, case: AdministeredServices.id(id, of: CaseID.self), force: true)
        },
        AdminAction(
            "delete", "Delete",
            "The cases and all related objects are hidden. They can be restored until they are purged.",
            isDestructive: true
        ) { services, scope, id in
            try await services.cases.delete(scope, AdministeredServices.id(id, of: CaseID.self))
        },
    ]

    static let deletedCases = {
        var table = AdminTable(
            "deleted", "Deleted cases", "deleted case", audit: .init("deleted_case", prefix: "case"),
            .rows(
                AdminRows(
                    from: """
                        cases c JOIN users u ON u.institution_id = c.institution_id AND u.id = c.created_by
                        LEFT JOIN users d ON d.id = c.deleted_by
                        """,
                    id: "c.id", order: .newest("c.deleted_at"), search: ["c.search_text", "u.search_text"]
                ) { "c.institution_id = \($0.institution) AND c.deleted_at IS NOT NULL" }),
            [
                AdminColumn("patientId", "Patient ID", "c.patient_id"),
                AdminColumn("status", "Status", "c.status", .state),
                AdminColumn("author", "Author", "u.email").linked(to: "users", id: "c.created_by"),
                AdminColumn("createdAt", "Created", "c.created_at", .time),
                AdminColumn("deletedAt", "Deleted", "c.deleted_at", .time),
                AdminColumn("deletedBy", "Deleted by", "d.email").optional(),
            ])
        table.note = "Purged with their files after the retention period."
        table.filters = [AdminFilter("deleted", "Deleted", "c.deleted_at", .period)]
        table.related = [
            AdminRelated("Images", "", imagesByCase, by: "case_id"),
            AdminRelated("Results", "", "results", by: "case_id"),
            AdminRelated("Files", "", "blobs", by: "case_id", bytes: "size"),
        ]
        table.actions = [
            AdminAction("restore", "Restore", "The cases become visible again.") { services, scope, id in
                _ = try await services.cases.restore(scope, AdministeredServices.id(id, of: CaseID.self))
            }
        ]
        return table
    }()

    static let images = {
        var table = AdminTable(
            "images", "Images", "image", audit: .init("image"),
            .rows(
                AdminRows(
                    from: """
                        series m JOIN cases c ON c.institution_id = m.institution_id AND c.study_id = m.study_id
                            AND m.replaced_at IS NULL
                        JOIN users u ON u.institution_id = m.institution_id AND u.id = m.uploaded_by
                        """,
                    id: "m.id", order: .newest("m.uploaded_at"),
                    search: ["LOWER(m.original_filename)", "c.search_text", "u.search_text"]
                ) { CaseStore.visible($0) }),
            [
                AdminColumn("originalFilename", "File", "m.original_filename"),
                AdminColumn("case", "Case", "c.patient_id").linked(to: "cases", id: "c.id"),
                AdminColumn("modality", "Sequence", "m.role", .state),
                AdminColumn(
                    "fileSize", "Size",
                    """
                    (SELECT SUM(b.size) FROM series_blobs f JOIN blobs b ON b.institution_id = f.institution_id
                        AND b.id = f.blob_id WHERE f.series_id = m.id)
                    """, .bytes),
                AdminColumn("uploadedBy", "Uploaded by", "u.email").linked(to: "users", id: "m.uploaded_by"),
                AdminColumn("uploadedAt", "Uploaded", "m.uploaded_at", .time),
                AdminColumn("sizeX", "Voxels along x", "m.size_x", .number).unlisted(),
                AdminColumn("sizeY", "Voxels along y", "m.size_y", .number).unlisted(),
                AdminColumn("sizeZ", "Voxels along z", "m.size_z", .number).unlisted(),
                AdminColumn("spacingX", "Spacing along x [mm]", "m.spacing_x", .decimal).unlisted(),
                AdminColumn("spacingY", "Spacing along y [mm]", "m.spacing_y", .decimal).unlisted(),
                AdminColumn("spacingZ", "Spacing along z [mm]", "m.spacing_z", .decimal).unlisted(),
                AdminColumn("contentDigest", "Content SHA-256", "m.content_digest").unlisted(),
            ])
        table.filters = [
            AdminFilter("modality", "Sequence", "m.role", .choice(AdminChoice.all(of: MRISequence.self))),
            AdminFilter("uploaded", "Uploaded", "m.uploaded_at", .period),
            AdminFilter("case", "Case", "c.id", .reference(table: "cases")),
        ]
        table.edit = AdminForm(fields: [
            .init(
                "modality", "Sequence", .choice(AdminChoice.all(of: MRISequence.self)), isRequired: true,
                help: "Existing results will be marked as outdated."),
            .init(
                "originalFilename", "File", isRequired: true,
                help: "Display name; the stored file is not renamed."),
        ]) { services, scope, id, values in
            try await services.images.update(
                scope, AdministeredServices.id(id, of: ID<Series>.self), modality: values["modality"] ?? "",
                filename: values["originalFilename"] ?? "")
            return .init(id)
        }.needing(.uploadImage)
        table.actions = [
            AdminAction(
                "delete", "Delete",
                "Deletes the images with their files. Results are kept and marked as outdated.",
                isDestructive: true, needing: .uploadImage
            ) { services, scope, id in
                try await services.images.delete(scope, AdministeredServices.id(id, of: ID<Series>.self))
            }
        ]
        return table
    }()
}

extension CaseField {
    fileprivate var adminColumn: AdminColumn {
        let kind: AdminColumn.Kind =
            switch self.kind {
            case .text: .longText
            case .years: .number
            case .label, .date, .choice: .text
            }
        let shown = AdminColumn(name, title, column.qualified, kind)
        return isOptional ? shown.optional() : shown
    }

    /// Whether the column may be null.
    private var isOptional: Bool {
        switch kind {
        case .label, .text: false
        case .years, .date, .choice: true
        }
    }

    fileprivate var formField: AdminForm.Field {
        switch kind {
        case .label(_, let suggestions) where !suggestions.isEmpty:
            .init(
                name, title, .choice(suggestions.map { AdminChoice($0, $0) }), isRequired: true, initial: defaultValue)
        case .label: .init(name, title, isRequired: isRequired)
        case .text: .init(name, title, .longText)
        case .years: .init(name, title, .number, isRequired: isRequired, help: "Years.")
        case .date: .init(name, title, .date, help: "YYYY-MM-DD")
        case .choice(let names):
            .init(name, title, .choice(names.map { AdminChoice($0, $0) }), isRequired: isRequired)
        }
    }
}

extension CaseForm {
    /// The submitted form: every field is present, empty without a value.
    fileprivate init(_ values: AdminForm.Values) throws {
        self.init()
        for field in CaseField.all { self[field] = try .value(field.filledIn(values[field.name] ?? "")) }
        if let text = values["status"] { status = .value(text) }
    }
}

extension CasesService {
    fileprivate func update(_ scope: Scope, _ id: String, status: Case.Status) async throws {
        var form = CaseForm()
        form.status = .value(status.rawValue)
        _ = try await update(scope, AdministeredServices.id(id, of: CaseID.self), form)
    }
}
