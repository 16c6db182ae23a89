import Features
import Imaging

extension CaseRoutes {
    static let schemas: [String: Schema] = [
        "Case": .object(
            [
                "caseId": .id, "patientId": .text(), "createdBy": Schema.text().described("A full name."),
                "status": .choice(Case.Status.allCases.map(\.rawValue)), "age": Schema.integer(0...130).nullable,
                "sex": sex.nullable, "scanDate": Schema.text(format: "date").nullable,
                "fieldStrength": Schema.choice(Case.FieldStrength.allCases.map(\.rawValue)).nullable,
                "scannerType": .text(), "clinicalHistory": .text(), "indication": .text(), "diagnosis": .text(),
                "priority": .text(), "notes": .text(), "createdAt": .time, "updatedAt": .time,
                "completedAt": Schema.time.nullable,
                "deletedAt": Schema.time.described("Present only for deleted cases."),
                "needsReview": Schema.boolean.nullable.described(
                    "Whether the latest result needs review; null without a result."),
                "reviewReasons": Schema.list(of: .text()).nullable.described(
                    "Review reasons; null without a result."),
            ], optional: ["deletedAt"]),
        "NewCase": .form(form, required: ["patientId", "age", "sex"]),
        "CaseForm": .form(form),
        "MRIImage": .object([
            "id": .id, "modality": sequence, "originalFilename": .text(), "fileSize": .integer(),
            "filePath": Schema.url.described("Signed URL, valid for FILE_URL_LIFETIME minutes."),
            "dimensions": Schema.list(of: .integer()).described("Voxels along x, y, z."),
            "spacing": Schema.list(of: .number).described("Millimetres along x, y, z."),
            "isValid": Schema.boolean.described(
                "Whether the series can be segmented together with the others of the case."),
            "message": Schema.text().described("Reason if not valid, else empty."), "uploadedAt": .time,
        ]),
        "UploadForm": .form(
            ["file": Schema.text(format: "binary").described("NIfTI file, optionally gzipped."), "modality": sequence],
            required: ["file", "modality"]),
        "Visualization": .object(["name": .text(), "url": .url, "contentType": .text()]),
    ]

    static let sequence = Schema.choice(MRISequence.allCases.map(\.rawValue))
    private static let sex = Schema.choice(Case.Sex.allCases.map(\.rawValue))
    private static let settable = Case.Status.allCases.filter(Case.Status.settable.contains)
    private static let longText = Schema.line(atMost: 20_000).nullable

    private static let form: [String: Schema] = [
        "patientId": .filledLabel(atMost: 100),
        "age": .anyOf([.integer(0...130), .text(pattern: "^0*([0-9]{1,2}|1[0-2][0-9]|130)$")]),
        "sex": sex, "status": Schema.choice(settable.map(\.rawValue)).nullable,
        "scanDate": .anyOf([
            .text(format: "date"), .text(format: "date-time"), .text(atMost: 0), .null,
        ]),
        "fieldStrength": Schema.choice(Case.FieldStrength.allCases.map(\.rawValue) + [""]).nullable,
        "scannerType": Schema.label(atMost: 200).nullable, "clinicalHistory": longText, "indication": longText,
        "diagnosis": longText, "priority": Schema.label(atMost: 40).nullable, "notes": longText,
    ]
}
