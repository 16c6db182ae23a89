import Kernel
import Storage

// The audit trail, and model activations, which are never deleted.

extension AdminTable {
    static let audit = {
        var table = AdminTable(
            "audit", "Audit trail", "entry", audit: .init("audit"),
            .rows(
                AdminRows(
                    from:
                        "audit_entries a LEFT JOIN users u ON u.id = a.actor_id",
                    id: "a.id", order: .newest("a.occurred_at"), search: ["u.search_text", "u.email", "a.action"]
                ) { "a.institution_id = \($0.institution)" }),
            [
                AdminColumn("occurredAt", "When", "a.occurred_at", .time).precise(),
                AdminColumn("actor", "Who", "u.email").optional().linked(
                    // A superuser of another institution is shown by name without a link.
                    to: "users", id: "CASE WHEN u.institution_id = a.institution_id THEN a.actor_id END"),
                AdminColumn("action", "What", "a.action"),
                AdminColumn("object", "Object", "a.object_type").linked(
                    auditedType: "a.object_type", id: "a.object_id"),
                AdminColumn("changes", "Changes", "a.changes", .changes).optional().unsortable(),
                AdminColumn("outcome", "Outcome", "a.outcome", .state),
                AdminColumn("address", "IP address", "a.address").optional(),
                AdminColumn("objectId", "Object ID", "a.object_id").optional().unlisted(),
                AdminColumn("requestId", "Request", "a.request_id").optional().unlisted(),
            ])
        table.note =
            "Append-only. Entries contain object IDs but no patient data: for patient data and free text only the field name is recorded."
        table.filters = [
            AdminFilter(
                "outcome", "Outcome", "a.outcome", .choice(["done", "refused", "failed"].map { .init($0, $0) })),
            AdminFilter("type", "Object", "a.object_type", .choice(auditedTypes)),
            AdminFilter("period", "When", "a.occurred_at", .period),
            AdminFilter("action", "Action", "a.action", .text),
            AdminFilter("request", "Request", "a.request_id", .text),
            AdminFilter("address", "IP address", "a.address", .text),
            AdminFilter("from", "From", "a.occurred_at", .since), AdminFilter("to", "To", "a.occurred_at", .until),
            AdminFilter("actor", "Who", "a.actor_id", .reference(table: "users")),
            AdminFilter("object", "Object", "a.object_id", .reference(table: "")),
        ]
        return table
    }()

    private static let auditedTypes = [
        "user", "session", "invitation", "institution", "case", "image", "inference_task", "result", "feedback",
        "report", "model", "audit",
    ].map { AdminChoice($0, $0.replacing("_", with: " ")) }

    static let activations = {
        var table = AdminTable(
            "activations", "Model activations", "choice", audit: .init("model_activation"),
            .rows(
                AdminRows(
                    from: """
                        model_activations t
                        LEFT JOIN users u ON u.institution_id = t.institution_id AND u.id = t.activated_by
                        """,
                    id: "t.id", order: .newest("t.activated_at"), search: ["LOWER(t.model_name)", "t.model_version"]
                ) { "t.institution_id = \($0.institution)" }),
            [
                AdminColumn("model", "Model", "t.model_name"), AdminColumn("version", "Version", "t.model_version"),
                AdminColumn("activatedBy", "Activated by", "u.email").optional().linked(
                    to: "users", id: "t.activated_by"),
                AdminColumn("activatedAt", "Chosen", "t.activated_at", .time),
                AdminColumn("rolledBackAt", "Rolled back", "t.rolled_back_at", .time).optional(),
                AdminColumn("digest", "Digest", "t.model_digest").unlisted(),
            ])
        table.note =
            "The latest activation that is not rolled back is active. Activations by the operator have no user."
        table.filters = [
            AdminFilter("back", "State", "t.rolled_back_at", .presence(yes: "Rolled back", no: "Kept")),
            AdminFilter("chosen", "Chosen", "t.activated_at", .period),
        ]
        return table
    }()
}

extension AuditQuery {
    /// Filters that have other names in an export.
    private static let names = [
        "outcome": "outcome", "type": "objectType", "action": "action", "request": "requestId", "actor": "actor",
        "object": "objectId",
    ]

    /// The export's filters by query parameter that correspond to those of an administration's list. An export supports
    /// neither search nor a filter by address.
    package static func exportFilters(of query: AdminQuery, at now: Timestamp = .now) -> [AdminQuery.Selection] {
        query.selections.flatMap { selection -> [AdminQuery.Selection] in
            if let name = names[selection.key] { return [.init(name, selection.value)] }
            let midnight = Timestamp("\(selection.value)T00:00:00Z")
            switch selection.key {
            case "period":
                // An export has a single start: the explicit one takes precedence.
                guard query.value(of: "from") == nil, let days = Int(selection.value) else { return [] }
                return [.init("from", now.advanced(by: .seconds(-86_400 * days)).description)]
            case "from": return midnight.map { [.init("from", $0.description)] } ?? []
            case "to": return midnight.map { [.init("to", $0.advanced(by: .seconds(86_400)).description)] } ?? []
            default: return []
            }
        }
    }

    /// Whether an export cannot be filtered like this list.
    package static func isNarrower(_ query: AdminQuery) -> Bool {
        !query.search.isEmpty || query.value(of: "address") != nil
            || (query.value(of: "period") != nil && query.value(of: "from") != nil)
    }
}
