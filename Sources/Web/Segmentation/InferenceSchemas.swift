import Features
import Imaging
import Kernel

extension InferenceRoutes {
    static let schemas: [String: Schema] = [
        "InferenceForm": .form(
            [
                "caseId": .id, "modelId": Schema.text().nullable.described("ID, digest, name or version."),
                "force": Schema.boolean.nullable.described(APIRoute.Parameter.force.description),
            ],
            required: ["caseId"]),
        "Task": .object([
            "id": .id, "caseId": .id, "status": .choice(JobStatus.allCases.map(\.rawValue)),
            "progress_percentage": .integer(0...100), "current_step": Schema.text().nullable, "createdAt": .time,
            "startedAt": Schema.time.nullable, "completedAt": Schema.time.nullable,
            "errorMessage": Schema.text().nullable, "result": Schema.named("Result").nullable,
        ]),
        "Result": result,
        "ResultFile": .object(
            [
                "name": .text(), "content": .choice(OutputFile.Content.allCases.map(\.rawValue)), "region": region,
                "sequence": CaseRoutes.sequence, "url": .url, "size": .integer(),
                "sha256": .text(pattern: "^[0-9a-f]{64}$"),
            ], optional: ["region", "sequence"]),
        "Finding": .object(
            [
                "id": .text(pattern: "^F[0-9]+$"), "kind": .choice(Finding.Kind.allCases.map(\.rawValue)),
                "region": region.described(
                    "Measured region. Results of earlier versions omit it for diameters of the whole tumour."
                ), "lesion": .integer(1...100_000), "quantity": .number,
                "unit": Schema.text().described("UCUM."), "term": .text(),
            ], optional: ["region", "lesion", "quantity", "unit", "term"]),
        "Lesion": lesion,
        "RegionMeasurement": .object(
            [
                "volume": Schema.number.described("Volume of the region within the lesion, in mm³."),
                "parts": Schema.list(of: .number).described(
                    "Volumes in mm³ of connected parts (26-neighbourhood, ≥ 0.05 ml), largest first: parts of the core, enhancing foci."
                ),
                "diameters": Schema.object([
                    "maximum": Schema.number.described("mm"),
                    "axial": Schema.number.described("Largest axial diameter in mm."),
                    "perpendicular": Schema.number.described("Perpendicular diameter in the same slice, in mm."),
                    "product": Schema.number.described("mm²"),
                ]).described("Of the largest part; absent if there is none."),
            ], optional: ["diameters"]),
    ]

    private static let region = Schema.choice(TumourRegion.allCases.map(\.rawValue))

    /// A number for each region, or for some.
    static let byRegion = Schema.form(
        Dictionary(uniqueKeysWithValues: TumourRegion.allCases.map { ($0.rawValue, Schema.number) }))

    private static let result = Schema.object(
        [
            "caseId": .id, "images_changed": Schema.boolean.described("The images have changed since the measurement."),
            "volumes": byRegion.described("mm³"), "volumes_ml": byRegion,
            "confidence_scores": byRegion.described("Mean probability over the region, 0 to 1."),
            "mask_files": .list(of: .named("ResultFile")), "structured_findings": .list(of: .named("Finding")),
            "lesions": .list(of: .named("Lesion")),
            "gating_weights": .form(
                Dictionary(uniqueKeysWithValues: MRISequence.allCases.map { ($0.rawValue, Schema.number) })),
            "available_modalities": .list(of: CaseRoutes.sequence), "reference_modality": CaseRoutes.sequence,
            "reliability": .list(of: .object(["region": region, "reliable": .boolean, "note": .text()])),
            "label_convention": .text(), "skull_stripped": .boolean,
            "brain_mask": .choice(["given", "found", "none"]),
            "atlas": .object(
                ["status": .choice(["aligned", "not_aligned", "not_installed"]), "fit": .number],
                optional: ["fit"]),
            "review": .object(["needed": .boolean, "reasons": .list(of: .text())]),
            "expected_dice": byRegion,
            "enhancement": Schema.object(
                [
                    "answer": .choice(Enhancement.Answer.allCases.map(\.rawValue)),
                    "probability": Schema.number.described("Probability of enhancement, 0 to 1."),
                ], optional: ["probability"]),
            "model_version": .text(), "device": .text(),
        ], optional: ["brain_mask", "atlas", "review", "expected_dice", "enhancement"])

    private static let lesion = Schema.object(
        [
            "number": .integer(1...100_000), "volumes": byRegion.described("mm³"), "confidence": .number,
            "maximumDiameter": ofWhole("mm"), "axialDiameter": ofWhole("mm"), "perpendicularDiameter": ofWhole("mm"),
            "bidimensionalProduct": ofWhole("mm²"), "regions": regions,
            "centre": Schema.object(["x": .number, "y": .number, "z": .number]).described("RAS mm."),
            "side": .choice(["left", "right", "midline"]),
            "locations": .list(of: .object(["name": .text(), "share": .number])), "touchesMidline": .boolean,
            "touchesCortex": .boolean,
        ], optional: ["touchesCortex", "regions"])

    private static func ofWhole(_ unit: String) -> Schema {
        Schema.number.described("\(unit), of the whole tumour including oedema.")
    }

    private static let regions = Schema.form(
        Dictionary(
            uniqueKeysWithValues: TumourRegion.allCases.map { ($0.rawValue, Schema.named("RegionMeasurement")) })
    ).described("By region; absent in results of earlier versions.")
}
