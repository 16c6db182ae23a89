import Features

extension ReportRoutes {
    static let revision = Schema.integer().described("Incremented with every change; the `ETag` of the report.")
    static let addenda = Schema.list(of: .named("ReportAddendum"))
        .described("Addenda of a signed report, oldest first.")

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
            "lastEditedBy": Schema.text().nullable, "revision": revision, "signedBy": Schema.text().nullable,
            "signedAt": Schema.time.nullable, "addenda": addenda,
        ]),
        "ReportForm": .form(["caseId": .id], required: ["caseId"]),
    ]
}
