import Features
import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// Serves stored files at signed URLs: in full, by range, or as 304 if the client has a current copy.
struct FileRoutes {
    let files: FilesService

    var all: [APIRoute] {
        [.get, .head].map { method in
            APIRoute(
                method, "/api/files/{kind}/{fileId}/{name}", "Download a file; supports range requests",
                access: .signedAddress, query: Self.signature,
                responses: [
                    .init(status: .ok, content: .bytes("application/octet-stream")),
                    .init(status: .partialContent, content: .bytes("application/octet-stream")),
                    .init(status: .notModified, content: .nothing),
                    .init(status: .temporaryRedirect, content: .nothing),
                    .init(status: .rangeNotSatisfiable, content: .nothing),
                ], details: .init(pathSchemas: ["kind": .choice(["image", "result", "report"]), "name": .text()]),
                handler: get)
        }
    }

    /// The query parameters of a signed URL. Only the server can produce them.
    private static let signature = [
        APIRoute.Parameter("expires", .integer(), "Unix time.", isRequired: true),
        APIRoute.Parameter("institution", .id, "Institution of the file.", isRequired: true),
        APIRoute.Parameter("user", .id, "User the URL was issued to.", isRequired: true),
        APIRoute.Parameter("session", .id, "Session; the URL expires with it.", isRequired: true),
        APIRoute.Parameter("signature", .text(pattern: "^[0-9a-f]{64}$"), "HMAC-SHA-256.", isRequired: true),
    ]

    @Sendable private func get(_ request: Request, _ context: WebContext) async throws -> Response {
        let grant = try grant(request, context)
        let file = try await files.open(
            grant, signature: request.query("signature") ?? "", origin: context.origin)
        var headers: HTTPFields = [
            .contentType: file.mediaType, .eTag: "\"\(file.sha256)\"", .acceptRanges: "bytes",
            // Cached, but revalidated on each use: the permission may end before the URL expires.
            .cacheControl: "private, no-cache",
            .contentDisposition: "inline; filename=\"\(file.name)\"",
            // Viewers on other origins load the file by its URL, which is the permission.
            .accessControlAllowOrigin: "*", .resourcePolicy: "cross-origin",
        ]
        if request.hasOne(of: file) { return Response(status: .notModified, headers: headers) }
        // RFC 9110 §13.1.5: a range of a different representation is useless to the client.
        let isOfThisFile = request.headers[.ifRange].map { $0 == headers[.eTag] } ?? true
        guard isOfThisFile, let wanted = request.headers[.range] else {
            return try await answer(.ok, file, nil, headers, request)
        }
        switch ByteRange(wanted, size: file.size) {
        case .whole: return try await answer(.ok, file, nil, headers, request)
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)"
            return try await answer(.partialContent, file, range, headers, request)
        case .unsatisfiable:
            headers[.contentRange] = "bytes */\(file.size)"
            return Response(status: .rangeNotSatisfiable, headers: headers)
        }
    }

    private func grant(_ request: Request, _ context: WebContext) throws -> FileGrant {
        guard let kind = context.parameters.get("kind").flatMap({ FileGrant.Kind(rawValue: $0) }),
            let institution = request.query("institution").flatMap({ InstitutionID($0) }),
            let user = request.query("user").flatMap({ UserID($0) }),
            let session = request.query("session").flatMap({ SessionID($0) }),
            let expires = request.query("expires").flatMap({ Int64($0) })
        else { throw AppError(.notFound, "Not found.") }
        return FileGrant(
            holder: .init(institution: institution, user: user, session: session), kind: kind,
            object: try context.id("fileId", of: ID<StoredFile>.self), expires: expires)
    }

    private func answer(
        _ status: HTTPResponse.Status, _ file: StoredFile, _ range: Range<Int64>?, _ headers: HTTPFields,
        _ request: Request
    ) async throws -> Response {
        let length = Int(range.map { $0.upperBound - $0.lowerBound } ?? file.size)
        guard request.method != .head else {
            return Response(
                status: status, headers: headers, body: ResponseBody(contentLength: length) { try await $0.finish(nil) }
            )
        }
        switch try await files.deliver(file, range: range) {
        case .redirect(let url): return Self.redirect(to: url)
        case .bytes(let stream):
            return Response(
                status: status, headers: headers,
                body: ResponseBody(contentLength: length) { writer in
                    for try await chunk in stream { try await writer.write(ByteBuffer(bytes: chunk)) }
                    try await writer.finish(nil)
                })
        }
    }

    /// The URL is itself a permission, so it must not be stored. Viewers on other origins follow it too.
    private static func redirect(to url: URL) -> Response {
        Response(
            status: .temporaryRedirect,
            headers: [
                .location: url.absoluteString, .cacheControl: "no-store", .accessControlAllowOrigin: "*",
                .resourcePolicy: "cross-origin",
            ])
    }
}

extension Request {
    /// Whether the client has this version of the file (RFC 9110 §13.1.2: weak comparison, several tags or `*`).
    fileprivate func hasOne(of file: StoredFile) -> Bool {
        guard let header = headers[.ifNoneMatch] else { return false }
        let tags = header.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        return tags.contains("*")
            || tags.contains { ($0.hasPrefix("W/") ? $0.dropFirst(2) : $0[...]) == "\"\(file.sha256)\"" }
    }
}

/// A parsed `Range` header (RFC 9110 §14.1.2). Multiple ranges are not supported: the complete file is served.
enum ByteRange: Equatable {
    case whole
    case part(Range<Int64>)
    case unsatisfiable

    init(_ header: String, size: Int64) {
        let text = header.trimmingCharacters(in: .whitespaces)
        guard text.hasPrefix("bytes="), !text.contains(",") else {
            self = .whole
            return
        }
        let ends = text.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        // `Int64` would also accept a plus sign.
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else {
            self = .whole
            return
        }
        switch (Int64(ends[0]), Int64(ends[1])) {
        case (let first?, nil) where ends[1].isEmpty: self = Self.checked(first, size, size)
        case (nil, let last?) where ends[0].isEmpty && last >= 0: self = Self.checked(max(0, size - last), size, size)
        case (let first?, let last?) where last >= first: self = Self.checked(first, min(last, size - 1) + 1, size)
        default: self = .whole
        }
    }

    private static func checked(_ first: Int64, _ end: Int64, _ size: Int64) -> ByteRange {
        first >= 0 && first < size && first < end ? .part(first..<end) : .unsatisfiable
    }
}
