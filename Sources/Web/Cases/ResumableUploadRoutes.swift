import Features
import Foundation
import HTTPTypes
import Hummingbird
import Imaging
import Kernel
import NIOCore

/// Receives series in chunks, so that an interrupted upload can be resumed: the tus protocol 1.0.0 with the extensions
/// creation, expiration, checksum and termination.
struct ResumableUploadRoutes {
    let uploads: UploadsService
    let settings: WebSettings

    private static let version = "1.0.0"
    private static let extensions = "creation,expiration,checksum,termination"
    static let contentType = "application/offset+octet-stream"

    private static let collection = "/api/cases/{caseId}/uploads/"
    private static let single = "/api/cases/{caseId}/uploads/{uploadId}/"

    var all: [APIRoute] {
        [
            APIRoute(
                .options, Self.collection, "tus protocol version and extensions", access: .anyone,
                responses: [.init(status: .noContent, content: .nothing)], handler: options),
            APIRoute(
                .post, Self.collection, "Create a resumable upload (tus 1.0.0)", access: .allowed(.uploadImage),
                query: [.force],
                responses: [.init(status: .created, content: .nothing)],
                details: .init(failures: [412], headers: Self.headers(["Upload-Length", "Upload-Metadata"])),
                handler: tus(create)),
            APIRoute(
                .head, Self.single, "Get the offset of a resumable upload", access: .allowed(.uploadImage),
                responses: [.init(status: .ok, content: .nothing)],
                details: .init(failures: [412], headers: Self.headers()), handler: tus(progress)),
            APIRoute(
                .patch, Self.single, "Append to a resumable upload; the last part stores the series",
                access: .allowed(.uploadImage), body: .bytes(Self.contentType),
                responses: [.init(status: .noContent, content: .nothing)],
                details: .init(
                    failures: [412, 415, 423, 460],
                    headers: Self.headers(["Upload-Offset"], optional: ["Upload-Checksum"])),
                handler: tus(append)),
            APIRoute(
                .delete, Self.single, "Terminate a resumable upload", access: .allowed(.uploadImage),
                responses: [.init(status: .noContent, content: .nothing)],
                details: .init(failures: [412, 423], headers: Self.headers()), handler: tus(delete)),
        ]
    }

    /// The protocol's headers.
    private static func headers(_ required: [String] = [], optional: [String] = []) -> [APIRoute.Parameter] {
        [.init("Tus-Resumable", .choice([version]), "Protocol version.", isRequired: true)]
            + required.map { .init($0, description($0), "See tus 1.0.0.", isRequired: true) }
            + optional.map { .init($0, description($0), "See tus 1.0.0.") }
    }

    private static func description(_ header: String) -> Schema {
        switch header {
        case "Upload-Length": .integer(1...Int(Int32.max))
        case "Upload-Offset": .integer(0...Int(Int32.max))
        case "Upload-Checksum": .text(pattern: "^(md5 \(base64){22}==|sha1 \(base64){27}=|sha256 \(base64){43}=)$")
        default: metadata
        }
    }

    private static let base64 = "[A-Za-z0-9+/]"

    /// The modality and optionally the file's name, both in base64.
    private static let metadata: Schema = {
        let modalities = MRISequence.allCases.map { Data($0.rawValue.utf8).base64EncodedString() }
        let modality = "modality (\(modalities.joined(separator: "|")))"
        let filename = "filename \(base64){4,160}={0,2}"
        return Schema.text(pattern: "^(\(filename),)?\(modality)(,\(filename))?$")
            .example("modality dDFjZQ==,filename dDFjZS5uaWkuZ3o=")
    }()

    // MARK: Protocol

    /// Common to all calls of the protocol: checks its version and adds it to every response.
    private func tus(_ handler: @escaping APIRoute.Handler) -> APIRoute.Handler {
        { request, context in
            var response: Response
            do {
                // Unauthenticated clients get that error first.
                _ = try context.scope
                try Self.checkVersion(request)
                response = try await handler(request, context)
            } catch {
                response = ErrorResponse.make(error, context)
            }
            response.headers[.tusResumable] = Self.version
            if response.status == .preconditionFailed { response.headers[.tusVersion] = Self.version }
            // A response to HEAD has no body, not even with an error.
            if request.method == .head { response.body = ResponseBody() }
            return response
        }
    }

    private static func checkVersion(_ request: Request) throws {
        guard request.headers[.tusResumable] == version else {
            throw AppError(.preconditionFailed, "This server supports version \(version) of the tus protocol.")
        }
    }

    @Sendable private func options(_ request: Request, _ context: WebContext) async throws -> Response {
        _ = try context.id("caseId", of: CaseID.self)
        return Response(
            status: .noContent,
            headers: [
                .tusResumable: Self.version, .tusVersion: Self.version, .tusExtension: Self.extensions,
                .tusMaxSize: String(settings.uploadLimit),
                .tusChecksumAlgorithm: UploadChecksum.algorithms.joined(separator: ","),
            ])
    }

    // MARK: Calls

    @Sendable private func create(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id("caseId", of: CaseID.self)
        let size = request.headers[.uploadLength].flatMap { Int64($0) } ?? 0
        let metadata = UploadMetadata(request.headers[.uploadMetadata] ?? "")
        var check = Validation()
        if size <= 0 { check.add("Upload-Length", "Must be the file size in bytes.") }
        if metadata == nil { check.add("modality", UploadMetadata.expectation) }
        try check.finish()
        guard let metadata else { throw AppError.invalid("modality", UploadMetadata.expectation) }
        let limit = settings.uploadLimit
        guard size <= limit else {
            throw AppError.fileTooLarge(limit: limit)
        }
        let upload = try await uploads.create(
            scope, case: id, modality: metadata.modality, filename: metadata.filename, size: size,
            force: try request.flag("force"))
        return Response(
            status: .created,
            headers: [
                .location: "/api/cases/\(id)/uploads/\(upload.id)/", .uploadExpires: upload.expiresAt.date.httpDate,
                .uploadOffset: "0",
            ])
    }

    @Sendable private func progress(_ request: Request, _ context: WebContext) async throws -> Response {
        let progress = try await uploads.progress(
            context.scope, context.id("uploadId", of: UploadID.self), case: context.id("caseId", of: CaseID.self))
        let upload = progress.upload
        return Response(
            status: .ok,
            headers: [
                .uploadOffset: String(progress.offset), .uploadLength: String(upload.size),
                .uploadExpires: upload.expiresAt.date.httpDate, .cacheControl: "no-store",
                .uploadMetadata: UploadMetadata.text(upload),
            ])
    }

    @Sendable private func append(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        // tus requires its own type; clients generated from the schema only support the generic one.
        guard [Self.contentType, MediaType.bytes].contains(request.headers[.contentType]?.lowercased()) else {
            throw HTTPError(.unsupportedMediaType, message: "Send the bytes as \(Self.contentType).")
        }
        guard let offset = request.headers[.uploadOffset].flatMap({ Int64($0) }), offset >= 0 else {
            throw AppError.invalid("Upload-Offset", "Must be the current offset of the upload.")
        }
        let checksum = try request.headers[.uploadChecksum].map { try UploadChecksum($0) }
        var appender = try await uploads.open(
            scope, context.id("uploadId", of: UploadID.self), case: context.id("caseId", of: CaseID.self), at: offset)
        if let checksum { appender.expect(checksum) }
        do {
            var body = request.body.makeAsyncIterator()
            while let chunk = try await body.nextPart() { try await appender.append(Data(chunk.readableBytesView)) }
        } catch {
            await appender.breakOff()
            throw error
        }
        try await appender.drain()
        let progress = try await uploads.close(scope, appender)
        return Response(
            status: .noContent,
            headers: [
                .uploadOffset: String(progress.offset), .uploadExpires: progress.upload.expiresAt.date.httpDate,
            ])
    }

    @Sendable private func delete(_ request: Request, _ context: WebContext) async throws -> Response {
        try await uploads.delete(
            context.scope, context.id("uploadId", of: UploadID.self), case: context.id("caseId", of: CaseID.self))
        return Response(status: .noContent)
    }
}

extension RequestBody.AsyncIterator {
    fileprivate mutating func nextPart() async throws -> ByteBuffer? {
        do { return try await next() } catch { throw AppError.ofBody(error) }
    }
}

/// A client's metadata of a file: `Upload-Metadata: modality dDFjZQ==,filename c2Nhbi5uaWkuZ3o=`.
struct UploadMetadata: Equatable {
    let modality: MRISequence
    let filename: String

    /// The error if the header has no modality.
    static let expectation =
        "Upload-Metadata must name the modality: \(MRISequence.allCases.map(\.rawValue).joined(separator: ", "))."

    /// `nil` if the header has no known modality.
    init?(_ header: String) {
        var modality: String?
        var filename = "image"
        for pair in header.split(separator: ",") {
            let parts = pair.split(separator: " ")
            guard parts.count == 2, let data = Data(base64Encoded: String(parts[1])) else { continue }
            let value = String(decoding: data, as: UTF8.self)
            switch parts[0] {
            case "modality": modality = value
            case "filename": filename = value
            default: continue
            }
        }
        // Exact match: a looser one once mistook t1ce for t1.
        guard let sequence = MRISequence(rawValue: (modality ?? "").trimmed.lowercased()) else { return nil }
        self.modality = sequence
        self.filename = filename
    }

    static func text(_ upload: CaseUpload) -> String {
        [("modality", upload.modality.rawValue), ("filename", upload.filename)]
            .map { "\($0) \(Data($1.utf8).base64EncodedString())" }.joined(separator: ",")
    }
}

extension Date {
    /// RFC 9110 §5.6.7.
    fileprivate var httpDate: String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.string(from: self)
    }
}

extension HTTPField.Name {
    static let tusResumable = HTTPField.Name("Tus-Resumable").unsafelyUnwrapped
    static let tusVersion = HTTPField.Name("Tus-Version").unsafelyUnwrapped
    static let tusExtension = HTTPField.Name("Tus-Extension").unsafelyUnwrapped
    static let tusMaxSize = HTTPField.Name("Tus-Max-Size").unsafelyUnwrapped
    static let tusChecksumAlgorithm = HTTPField.Name("Tus-Checksum-Algorithm").unsafelyUnwrapped
    static let uploadLength = HTTPField.Name("Upload-Length").unsafelyUnwrapped
    static let uploadOffset = HTTPField.Name("Upload-Offset").unsafelyUnwrapped
    static let uploadMetadata = HTTPField.Name("Upload-Metadata").unsafelyUnwrapped
    static let uploadExpires = HTTPField.Name("Upload-Expires").unsafelyUnwrapped
    static let uploadChecksum = HTTPField.Name("Upload-Checksum").unsafelyUnwrapped
}
