import Features
import Imaging
import Kernel
import Storage

extension AdminTable {
    /// The packages installed on this machine; they are managed by the operator's commands, so they cannot be deleted
    /// here.
    static let models = {
        let columns = [
            AdminColumn("name", "Name"), AdminColumn("version", "Version"),
            AdminColumn("isActive", "Active", "", .flag),
            AdminColumn("activatedAt", "Chosen", "", .time), AdminColumn("architecture", "Architecture"),
            AdminColumn("required", "Needs").unlisted(),
            AdminColumn("measured", "Measured Dice", "", .longText).unlisted(),
            AdminColumn("digest", "Digest").unlisted(),
        ]
        var table = AdminTable(
            "models", "Models", "model", audit: .init("model"),
            .list { services, scope in
                try await services.models.list(scope, .plain(limit: 1000)).items.map { AdminRow($0, columns) }
            }, columns)
        table.note = "The operator installs packages with `neuroai models import`."
        table.filters = [AdminFilter("isActive", "Active", "", .flag)]
        table.actions = [
            AdminAction(
                "activate", "Activate", "The model is used from the institution's next segmentation on.",
                where: { $0["isActive"]?.value != true.sqlValue }
            ) { services, scope, id in
                _ = try await services.models.activate(scope, AdministeredServices.id(id, of: ID<ModelVersion>.self))
            },
            AdminAction(
                "rollback", "Roll back", "Reactivates the previously active model.",
                where: { $0["isActive"]?.value == true.sqlValue && $0["activatedAt"]?.value != .null }
            ) { services, scope, _ in _ = try await services.models.rollBack(scope) },
        ]
        return table
    }()
}

extension AdminRow {
    fileprivate init(_ version: ModelVersion, _ columns: [AdminColumn]) {
        let model = version.model
        let measured = model.measured.map { measurement in
            let dice = TumourRegion.allCases.compactMap { region in
                measurement.dice[region].map { "\(region.rawValue) \(($0 * 1000).rounded() / 1000)" }
            }
            let sequences = measurement.sequences.map(\.displayName).joined(separator: ", ")
            return "\(sequences): \(dice.joined(separator: ", ")) (\(measurement.patients) patients)"
        }
        let needed = model.requiredSequences.map(\.displayName).joined(separator: ", ")
        let values: [SQLValue] = [
            .text(model.identity.name), .text(model.identity.version), version.isActive.sqlValue,
            version.activatedAt?.sqlValue ?? .null, .text(model.architecture),
            .text(needed.isEmpty ? "any" : needed), .text(measured.joined(separator: "\n")),
            .text(model.identity.digest),
        ]
        self.init(id: version.id.string, cells: zip(columns, values).map { AdminCell($0, $1) })
    }
}

extension AdminTable {
    /// Every table, in menu order.
    static let all = [
        users, invitations, sessions, tokens, factors, identities,
        institutions,
        cases, deletedCases, shares,
        images, uploads, tasks, results, findings,
        resultFiles, reports, edits, addenda, pdfs,
        feedback, masks, files,
        jobs, models,
        activations, audit,
    ]

    /// The table of the audit trail's object type.
    static func named(auditType type: String) -> AdminTable? { all.first { $0.audit.type == type } }
}
