import Features
import Kernel

extension AuditRoutes {
    static let filters = [
        APIRoute.Parameter("actor", empty(or: .id), "User ID of the actor."),
        APIRoute.Parameter("action", .text(atMost: 60), "Action, such as `case.read`."),
        APIRoute.Parameter("objectType", .text(atMost: 60), "Object type, such as `case`."),
        APIRoute.Parameter("objectId", .text(atMost: 100), "Object ID."),
        APIRoute.Parameter("outcome", empty(or: outcome), "Outcome of the action."),
        APIRoute.Parameter("requestId", .text(atMost: 64), "`X-Request-ID` of the request."),
        APIRoute.Parameter("from", empty(or: .time), "Earliest time, inclusive."),
        APIRoute.Parameter("to", empty(or: .time), "Latest time, exclusive."),
    ]

    /// Forms send an empty text if nothing was chosen.
    private static func empty(or schema: Schema) -> Schema { .anyOf([schema, .text(atMost: 0)]) }

    private static let outcome = Schema.choice(AuditEntry.Outcome.allCases.map(\.rawValue))
    private static let hash = Schema.text(pattern: "^[0-9a-f]{64}$")

    static let schemas: [String: Schema] = [
        "AuditEntry": .object([
            "id": .id, "institutionId": .id, "occurredAt": .time,
            "actorId": Schema.id.nullable.described(
                "User ID of the actor; null for anonymous requests and for the service itself."),
            "action": .text(), "objectType": .text(), "objectId": Schema.text().nullable, "outcome": outcome,
            "requestId": Schema.text().nullable, "address": Schema.text().nullable,
            "changes": Schema.list(of: .named("FieldChange")).described("Changed fields."),
            "sequence": Schema.integer().nullable.described(
                "Number in the hash chain; null until the entry is sealed, within a second."),
            "previousHash": hash.nullable, "hash": hash.nullable, "sealedUntil": Schema.time.nullable,
        ]),
        "FieldChange": .object([
            "field": .text(),
            "from": Schema.text().nullable.described(
                "Null if there was no value, and for patient data and free text, whose values are not recorded."),
            "to": Schema.text().nullable,
        ]),
        "AuditHead": .object([
            "institutionId": .id, "sequence": .integer(), "hash": hash, "sealedUntil": Schema.time.nullable,
        ]),
    ]
}
