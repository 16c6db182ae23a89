import Features

extension AuditRoutes {
    static let filters = [
        APIRoute.Parameter("actor", empty(or: .id), "Who did it."),
        APIRoute.Parameter("action", .text(atMost: 60), "What was done, such as `case.read`."),
        APIRoute.Parameter("objectType", .text(atMost: 60), "The object's kind, such as `case`."),
        APIRoute.Parameter("objectId", .text(atMost: 100), "The object's id."),
        APIRoute.Parameter("outcome", empty(or: outcome), "How it ended."),
        APIRoute.Parameter("requestId", .text(atMost: 64), "The `X-Request-ID` that asked for it."),
        APIRoute.Parameter("from", empty(or: .time), "The first moment that counts."),
        APIRoute.Parameter("to", empty(or: .time), "The moment before which the list ends."),
    ]

    /// Forms send an empty text where nothing was chosen.
    private static func empty(or schema: Schema) -> Schema { .anyOf([schema, .text(atMost: 0)]) }

    private static let outcome = Schema.choice(AuditEntry.Outcome.allCases.map(\.rawValue))
    private static let hash = Schema.text(pattern: "^[0-9a-f]{64}$")

    static let schemas: [String: Schema] = [
        "AuditEntry": .object([
            "id": .id, "institutionId": .id, "occurredAt": .time,
            "actorId": Schema.id.nullable.described(
                "Who did it; null where nobody was signed in or the service itself did it."),
            "action": .text(), "objectType": .text(), "objectId": Schema.text().nullable, "outcome": outcome,
            "requestId": Schema.text().nullable, "address": Schema.text().nullable,
            "changes": Schema.list(of: .named("FieldChange")).described("The fields that a change gave another value."),
            "sequence": Schema.integer().nullable.described(
                "The number in the chain; null until it is sealed, within a second."),
            "previousHash": hash.nullable, "hash": hash.nullable, "sealedUntil": Schema.time.nullable,
        ]),
        "FieldChange": .object([
            "field": .text(),
            "from": Schema.text().nullable.described(
                "Null where there was no value, and for patient data and free text, of which the field alone is named."),
            "to": Schema.text().nullable,
        ]),
        "AuditHead": .object([
            "institutionId": .id, "sequence": .integer(), "hash": hash, "sealedUntil": Schema.time.nullable,
        ]),
    ]
}
