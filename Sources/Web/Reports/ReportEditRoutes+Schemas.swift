import Features
import Imaging

extension ReportEditRoutes {
    private static let statuses = Schema.choice(["draft", "reviewed", "finalized", "exported"])

    private static let remark = Schema.object([
        "kind": .choice(["contradiction", "unmeasured"]), "sentence": .integer(), "message": .text(),
    ])

    private static let finding = Schema.object(
        [
            "id": .text(), "kind": .text(), "region": .text(), "lesion": .integer(), "quantity": .number,
            "unit": .text(), "term": .text(),
        ], optional: ["region", "lesion", "quantity", "unit", "term"])

    private static let edit = Schema.object(
        [
            "number": .integer(), "editedBy": .text(), "editedAt": .time, "editReason": .text(), "status": statuses,
            "text": Schema.text().described("Changed at."), "acknowledgedChecks": .list(of: .text()),
        ], optional: ["text"])

    /// The component schemas of these calls.
    static let schemas: [String: Schema] = [
        "ReportChange": .form([
            "finalizedText": Schema.filledLine(atMost: 50_000).nullable,
            "editReason": Schema.line(atMost: 2000).nullable, "status": statuses.nullable,
            "acknowledgeChecks": Schema.boolean.nullable
                .described("Signs despite contradictions found in the text."),
        ]),
        "CheckedReport": .object([
            "reportId": .id, "caseId": .id, "patientId": .text(), "status": statuses, "aiGeneratedText": .text(),
            "finalizedText": .text().nullable, "findingsJson": .anything, "editCount": .integer(),
            "generatedAt": .time, "updatedAt": .time, "lastEditedBy": .text().nullable,
            "revision": ReportRoutes.revision, "signedBy": .text().nullable, "signedAt": .time.nullable,
            "addenda": ReportRoutes.addenda,
            "checks": .list(of: remark).described("Statements that contradict or exceed the measurements."),
        ]),
        "ReportTrace": .object(
            [
                "reportId": .id, "caseId": .id, "resultId": .id, "taskId": .id,
                "model": .object(["name": .text(), "version": .text(), "digest": .text()]),
                "codeVersion": .text(), "device": .text(), "measuredAt": .time, "inputsDigest": .text(),
                "inputs": .list(of: .object(["sequence": .text(), "sha256": .text()])),
                "files": .list(of: .object(["name": .text(), "sha256": .text(), "size": .integer()])),
                "manifest": .url.nullable,
                "sentences": .list(
                    of: .object(["section": .text(), "text": .text(), "findings": .list(of: finding)])),
                "edits": .list(of: edit),
            ], optional: ["manifest"]),
        "ReportTemplate": .object([
            "id": .text(), "name": .text(), "description": .text(), "language": .text(),
            "sections": .list(
                of: .object(["name": .text(), "states": .text(), "findings": .list(of: .text())])),
        ]),
    ]
}
