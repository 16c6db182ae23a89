import Imaging

/// A kind of report: its sections, and the findings that each may state.
package struct ReportTemplate: Encodable, Sendable {
    /// One part of the report.
    package struct Part: Encodable, Sendable {
        package let name: String
        /// One sentence for the list's readers.
        package let states: String
        /// The kinds of findings that its sentences cite.
        package let findings: [Finding.Kind]
    }

    package let id: String
    package let name: String
    package let description: String
    package let language = "en"
    package let sections: [Part]

    /// The available templates; `ReportComposer` uses the first.
    package static let all = [
        ReportTemplate(
            id: "tumour-measurements", name: "Brain tumour measurements",
            description:
                "What was measured, sentence by sentence with the findings' numbers; no diagnosis and no grade.",
            sections: [
                Part(
                    name: ReportDraft.Section.technique.rawValue,
                    states: "The series, the model, and the series on whose voxels the volumes are counted.",
                    findings: [.sequencesPresent]),
                Part(
                    name: ReportDraft.Section.findings.rawValue,
                    states: "How many lesions there are, volumes of the regions, and each lesion's side, location and "
                        + "contacts, with volume, parts and diameters of the whole, of its core and of its enhancing component.",
                    findings: [
                        .volume, .enhancement, .lesionCount, .lesionVolume, .partCount, .partVolume, .side, .location,
                        .maximumDiameter, .axialDiameter, .perpendicularDiameter, .midlineContact, .cortexContact,
                    ]),
                Part(
                    name: ReportDraft.Section.impression.rawValue,
                    states: "What needs review, then the lesions in one sentence.",
                    findings: [.review, .lesionCount, .side, .volume, .enhancement]),
                Part(
                    name: ReportDraft.Section.limits.rawValue,
                    states:
                        "Which masks are unreliable with these series, and the predicted Dice (estimated overlap with an expert segmentation).",
                    findings: [.reliability, .expectedDice, .brainMask, .atlasFit, .lesionCount]),
            ])
    ]
}
