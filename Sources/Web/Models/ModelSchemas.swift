import Features

extension ModelRoutes {
    static let schemas: [String: Schema] = [
        "ModelVersion": .object([
            "id": .id, "name": .text(), "version": .text(), "digest": .text(pattern: "^[0-9a-f]{64}$"),
            "architecture": .text(), "requiredSequences": .list(of: CaseRoutes.sequence),
            "measured": .list(
                of: .object([
                    "sequences": .list(of: CaseRoutes.sequence), "patients": .integer(),
                    "dice": InferenceRoutes.byRegion,
                ])), "isActive": .boolean, "activatedAt": Schema.time.nullable,
        ])
    ]
}
