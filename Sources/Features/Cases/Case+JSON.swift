import Kernel

extension Case {
    /// Every key in alphabetical order; null without a value. `deletedAt` only for deleted cases.
    private static let coding: [(key: StaticString, value: @Sendable (Case) -> JSONField?)] = {
        var fields: [(key: StaticString, value: @Sendable (Case) -> JSONField?)] = [
            ("caseId", { .text($0.id.string) }),
            ("createdBy", { .text($0.author) }),
            ("status", { .text($0.status.rawValue) }),
            ("createdAt", { .time($0.createdAt) }),
            ("updatedAt", { .time($0.updatedAt) }),
            ("completedAt", { .time($0.completedAt) }),
            ("deletedAt", { item in item.deletedAt.map { .time($0) } }),
            ("needsReview", { .flag($0.needsReview) }),
            ("reviewReasons", { .texts($0.reviewReasons) }),
            ("seriesWarning", { .text($0.seriesWarning) }),
        ]
        for field in CaseField.all { fields.append((field.key, field.json)) }
        return fields.sorted { $0.key.description < $1.key.description }
    }()
}

extension Case: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            for (key, value) in Self.coding {
                if let value = value(self) { writer.field(key, value) }
            }
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: JSONField.Key.self)
        for (key, value) in Self.coding {
            try value(self)?.encode(to: &container, forKey: JSONField.Key(key.description))
        }
    }
}
