import Features
import Imaging

extension CaseRoutes {
    static let schemas: [String: Schema] = [
        "Case": .object(
            [
                "caseId": .id, "createdBy": Schema.text().described("A full name."),
                "status": .choice(Case.Status.allCases.map(\.rawValue)), "createdAt": .time, "updatedAt": .time,
                "completedAt": Schema.time.nullable,
                "deletedAt": Schema.time.described("Present only for deleted cases."),
                "needsReview": Schema.boolean.nullable.described(
                    "Whether the latest result needs review; null without a result."),
                "reviewReasons": Schema.list(of: .text()).nullable.described(
                    "Review reasons; null without a result."),
                "seriesWarning": Schema.text().nullable.described(
                    "A warning that series do not overlap by their headers, so that they depend on registration; null without one."
                ),
            ].merging(CaseField.all.map { ($0.name, $0.shown) }) { $1 }, optional: ["deletedAt"]),
        "NewCase": .form(form, required: Set(CaseField.all.filter(\.isRequired).map(\.name))),
        "CaseForm": .form(form),
        "MRIImage": .object([
            "id": .id, "modality": sequence, "originalFilename": .text(), "fileSize": .integer(),
            "filePath": Schema.url.described("Signed URL, valid for FILE_URL_LIFETIME minutes."),
            "dimensions": Schema.list(of: .integer()).described("Voxels along x, y, z."),
            "spacing": Schema.list(of: .number).described("Millimetres along x, y, z."),
            "isValid": Schema.boolean.described(
                "Always true: an image that cannot be used is rejected at upload."),
            "message": Schema.text().described("A warning about the series' position, else empty."),
            "uploadedAt": .time,
        ]),
        "UploadForm": .form(
            ["file": Schema.text(format: "binary").described("NIfTI file, optionally gzipped."), "modality": sequence],
            required: ["file", "modality"]),
        "Visualization": .object(["name": .text(), "url": .url, "contentType": .text()]),
    ]

    static let sequence = Schema.choice(MRISequence.allCases.map(\.rawValue))
    private static let settable = Case.Status.allCases.filter(Case.Status.settable.contains)
    private static let form = ["status": Schema.choice(settable.map(\.rawValue)).nullable].merging(
        CaseField.all.map { ($0.name, $0.accepted) }
    ) { $1 }
}

extension CaseField {
    /// The schema in responses.
    fileprivate var shown: Schema {
        switch kind {
        case .label, .text: .text()
        case .years: Schema.integer(Self.ages).nullable
        case .date: Schema.text(format: "date").nullable
        case .choice(let names): Schema.choice(names).nullable
        }
    }

    /// The schema in requests.
    fileprivate var accepted: Schema {
        switch kind {
        case .label(let limit, _): isRequired ? .filledLabel(atMost: limit) : Schema.label(atMost: limit).nullable
        case .text(let limit): Schema.line(atMost: limit).nullable
        case .years: .anyOf([.integer(Self.ages), .text(pattern: "^0*([0-9]{1,2}|1[0-2][0-9]|130)$")])
        case .date: .anyOf([.text(format: "date"), .text(format: "date-time"), .text(atMost: 0), .null])
        case .choice(let names): isRequired ? .choice(names) : Schema.choice(names + [""]).nullable
        }
    }
}
