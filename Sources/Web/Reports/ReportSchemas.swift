import Features

extension ReportRoutes {
    static let schemas: [String: Schema] = [
        "Report": .object([
            "reportId": .id, "caseId": .id, "patientId": .text(),
            "status": .choice(Report.Status.allCases.map(\.rawValue)), "aiGeneratedText": .text(),
            "finalizedText": Schema.text().nullable,
            "findingsJson": .object([
                "findings": .list(of: .named("Finding")),
                "sentences": .list(
                    of: .object([
                        "section": .choice(ReportDraft.Section.allCases.map(\.rawValue)), "text": .text(),
                        "findings": .list(of: .text()),
                    ])),
            ]), "editCount": .integer(), "generatedAt": .time, "updatedAt": .time,
            "lastEditedBy": Schema.text().nullable,
        ]),
        "ReportForm": .form(["caseId": .id], required: ["caseId"]),
    ]
}
