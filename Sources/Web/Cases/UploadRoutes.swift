import Features
import Foundation
import HTTPTypes
import Hummingbird
import Imaging
import NIOCore
import Storage

/// Receives series.
struct UploadRoutes {
    let services: WebServices

    /// Bytes that a form may need beside its file.
    private static let formOverhead: Int64 = 65_536

    func add(to group: RouterGroup<WebContext>) {
        group.post(":id/upload", use: upload)
    }

    @Sendable private func upload(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id(of: Case.self)
        try await services.images.checkUpload(scope, case: id)
        let limit = services.settings.uploadLimit
        if let length = request.headers[.contentLength].flatMap({ Int64($0) }), length > limit + Self.formOverhead {
            throw AppError.wrapping(BlobError.tooLarge(limit: limit))
        }
        let form = try await receive(request)
        let image = try await services.images.add(
            scope, case: id, modality: form.modality, filename: form.filename, staged: form.staged)
        let url = request.base(services.settings) + services.files.path(scope, image)
        return try JSON.response(.created, ImageBody(image, url: url))
    }

    /// A whole upload.
    private struct Form {
        let staged: StagedBlob
        let filename: String
        let modality: MRISequence
    }

    private func receive(_ request: Request) async throws -> Form {
        var reader = try MultipartReader(
            request.body.makeAsyncIterator(), contentType: request.headers[.contentType])
        var staged: StagedBlob?
        var filename = ""
        var modality: String?
        do {
            while let part = try await reader.nextPart() {
                switch part.name {
                case "file":
                    guard staged == nil else { throw AppError.invalid("file", "Send one file at a time.") }
                    filename = part.filename ?? "image"
                    staged = try await stage(&reader)
                case "modality": modality = try await reader.text(atMost: 100)
                default: continue
                }
            }
            var check = Validation()
            if staged == nil { check.add("file", "This field is required.") }
            // The exact name: a looser match once took t1ce for t1.
            let sequence = MRISequence(rawValue: (modality ?? "").trimmed.lowercased())
            if sequence == nil { check.add("modality", "The modality is one of t1, t1ce, t2, flair.") }
            try check.finish()
            guard let staged, let sequence else { throw AppError.invalid("file", "This field is required.") }
            return Form(staged: staged, filename: filename, modality: sequence)
        } catch {
            if let staged { await services.blobs.discard(staged) }
            throw error
        }
    }

    private func stage<Source>(_ reader: inout MultipartReader<Source>) async throws -> StagedBlob {
        let writer = try await services.blobs.stage(limit: services.settings.uploadLimit)
        do {
            while let chunk = try await reader.nextChunk() { try await writer.append(Data(chunk)) }
            return try await writer.finish()
        } catch {
            await writer.abandon()
            throw error
        }
    }
}
