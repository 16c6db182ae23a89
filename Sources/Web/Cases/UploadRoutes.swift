import Features
import HTTPTypes
import Hummingbird
import Imaging
import Kernel

/// Receives series.
struct UploadRoutes {
    let images: ImagesService
    let files: FilesService
    let settings: WebSettings

    /// The size of a form beyond its file, in bytes.
    private static let formOverhead: Int64 = 65_536

    var all: [APIRoute] {
        [
            APIRoute(
                .post, "/api/cases/{caseId}/upload/", "Upload a series; replaces one of the same modality",
                access: .allowed(.uploadImage), query: [.force], body: .multipart(.named("UploadForm")),
                responses: [.json(.created, .named("MRIImage"))], handler: upload)
        ]
    }

    @Sendable private func upload(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id("caseId", of: CaseID.self)
        let length = request.headers[.contentLength].flatMap { Int64($0) } ?? 0
        let force = try request.flag("force")
        try await images.checkUpload(
            scope, case: id, size: max(0, length - Self.formOverhead), force: force)
        let limit = settings.uploadLimit
        if length > limit + Self.formOverhead {
            throw AppError.fileTooLarge(limit: limit)
        }
        let form = try await receive(request)
        let image = try await images.add(
            scope, case: id, modality: form.modality, filename: form.filename, file: form.file, force: force)
        let url = request.base(settings) + files.path(scope, image)
        return try JSON.response(.created, ImageBody(image, url: url))
    }

    /// A complete upload.
    private struct Form {
        let file: ReceivedFile
        let filename: String
        let modality: MRISequence
    }

    private func receive(_ request: Request) async throws -> Form {
        var reader = try MultipartReader(
            request.body.makeAsyncIterator(), contentType: request.headers[.contentType])
        var file: ReceivedFile?
        var filename = ""
        var modality: String?
        do {
            while let part = try await reader.nextPart() {
                switch part.name {
                case "file":
                    guard file == nil else { throw AppError.invalid("file", "Send exactly one file.") }
                    filename = part.filename ?? "image"
                    file = try await images.receive(&reader, limit: settings.uploadLimit)
                case "modality": modality = try await reader.text(atMost: 100)
                default: continue
                }
            }
            var check = Validation()
            if file == nil { check.add("file", "This field is required.") }
            // Exact match: a looser one once mistook t1ce for t1.
            let sequence = MRISequence(rawValue: (modality ?? "").trimmed.lowercased())
            if modality == nil {
                check.add("modality", "This field is required.")
            } else if sequence == nil {
                check.add("modality", Validation.choices(MRISequence.allCases.map(\.rawValue)))
            }
            try check.finish()
            guard let file, let sequence else { throw AppError.invalid("file", "This field is required.") }
            return Form(file: file, filename: filename, modality: sequence)
        } catch {
            if let file { await images.discard(file) }
            throw error
        }
    }
}

extension ImagesService {
    /// Stages the current part's bytes beside the store, to be kept or discarded.
    func receive<Source>(_ reader: inout MultipartReader<Source>, limit: Int64) async throws -> ReceivedFile {
        var file = try await receive(limit: limit)
        do {
            while let chunk = try await reader.nextChunk() { try await file.append(chunk.readableBytesView) }
            return try await file.finish()
        } catch {
            await file.abandon()
            throw error
        }
    }
}
