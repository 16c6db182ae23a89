import Features
import HTTPTypes
import Hummingbird
import Imaging
import Kernel

/// Uploads of expert masks, and their agreement with the newest result.
struct ExpertMaskRoutes {
    let images: ImagesService
    let expertMasks: ExpertMasksService
    let settings: WebSettings

    var all: [APIRoute] {
        [
            APIRoute(
                .post, "/api/inference/upload-ground-truth/{caseId}/",
                "Compare an expert mask with the latest result: Dice and HD95 by region",
                access: .allowed(.giveFeedback), body: .multipart(.named("ExpertMaskForm")),
                responses: [.json(.created, .named("ExpertMask")), .json(.accepted, .named("ExpertMask"))],
                handler: upload),
            APIRoute(
                .get, "/api/inference/ground-truth/{caseId}/", "List expert masks of a case, newest first",
                access: .allowed(.readResult), responses: [.json(.ok, .list(of: .named("ExpertMask")))]
            ) {
                try JSON.response(
                    .ok, await expertMasks.list($1.scope, case: $1.id("caseId", of: CaseID.self)))
            },
        ]
    }

    /// Responds with 201 and the agreement if the worker has compared the masks in time, otherwise with 202 and its
    /// URL.
    @Sendable private func upload(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id("caseId", of: CaseID.self)
        try await expertMasks.checkUpload(scope, case: id)
        let form = try await receive(request)
        var mask = try await expertMasks.add(scope, case: id, convention: form.convention, file: form.file)
        mask = try await expertMasks.wait(scope, for: mask, timeout: timeout(of: request))
        var response = try JSON.response(mask.status.isOver ? .created : .accepted, mask)
        response.headers[.location] = "/api/inference/ground-truth/\(id)/"
        return response
    }

    /// RFC 7240: `Prefer: respond-async` does not wait.
    private func timeout(of request: Request) -> Duration {
        request.headers[.prefer]?.lowercased().contains("respond-async") == true
            ? .zero : settings.comparisonTimeout
    }

    /// A complete upload.
    private struct Form {
        let file: ReceivedFile
        let convention: String?
    }

    private func receive(_ request: Request) async throws -> Form {
        var reader = try MultipartReader(request.body.makeAsyncIterator(), contentType: request.headers[.contentType])
        var file: ReceivedFile?
        var convention: String?
        do {
            while let part = try await reader.nextPart() {
                switch part.name {
                case "file":
                    guard file == nil else { throw AppError.invalid("file", "Send exactly one file.") }
                    file = try await images.receive(&reader, limit: settings.uploadLimit)
                case "labelConvention", "label_convention": convention = try await reader.text(atMost: 100).trimmed
                default: continue
                }
            }
            guard let file else { throw AppError.invalid("file", "This field is required.") }
            return Form(file: file, convention: convention)
        } catch {
            if let file { await images.discard(file) }
            throw error
        }
    }

    private static let shares = Schema.object([
        "whole_tumor": .number.nullable, "tumor_core": .number.nullable, "enhancing_tumor": .number.nullable,
    ])
    private static let conventions = Schema.choice(LabelConvention.allCases.map(\.rawValue))

    /// The component schemas of these calls.
    static let schemas: [String: Schema] = [
        "ExpertMaskForm": .form(
            [
                "file": .text(format: "binary").described("NIfTI file on the grid of a series of the case."),
                "labelConvention": conventions.described("Label convention; inferred from the labels if omitted."),
            ], required: ["file"]),
        "ExpertMask": .object([
            "id": .id, "caseId": .id, "taskId": .id,
            "status": .choice(["pending", "running", "completed", "failed", "cancelled"]),
            "errorMessage": .text().nullable, "modality": .choice(["t1", "t1ce", "t2", "flair"]),
            "labelConvention": conventions, "dice": shares,
            "hd95": shares.described("mm; null if one of the masks is empty."), "uploadedBy": .text(),
            "uploadedAt": .time,
        ]),
    ]
}

extension HTTPField.Name {
    static let prefer = HTTPField.Name("Prefer").unsafelyUnwrapped
}
