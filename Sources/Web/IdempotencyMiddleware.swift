import Features
import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// Lets a client repeat a POST whose response was lost: requests with the same `Idempotency-Key` are performed once.
///
/// Uploads are excluded: their bodies are not stored, and repeating one replaces the image anyway.
struct IdempotencyMiddleware: RouterMiddleware {
    typealias Context = WebContext

    private let keys: IdempotencyService
    private let accesses: [String: APIRoute.Access]

    init(keys: IdempotencyService, routes: [APIRoute]) {
        self.keys = keys
        accesses = routes.accesses
    }

    func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        guard let key = request.headers[.idempotencyKey], let scope = context.principal?.scope, request.isRepeatable
        else { return try await next(request, context) }
        var request = request
        let body = try await request.collectedBody(upTo: JSON.bodyLimit)
        let repeatable = try RepeatableRequest(
            key: key, method: request.method.rawValue, address: request.uri.string,
            body: Data(body.readableBytesView))
        let opening = try await keys.open(scope, repeatable) { try await requireAccess(to: $0, scope, context) }
        if case .answered(let answer) = opening { return Self.response(answer) }
        let response: Response
        do {
            response = try await next(request, context)
        } catch {
            if !AppError.wrapping(error).mayHaveTakenEffect { await abandon(scope, repeatable) }
            throw error
        }
        guard (200..<300).contains(response.status.code) else {
            await abandon(scope, repeatable)
            return response
        }
        return try await keep(response, scope, repeatable)
    }

    /// Before replaying a response: checks that the role may still make the call, and that the objects in the URL and
    /// in the response are still visible.
    private func requireAccess(to answer: StoredResponse, _ scope: Scope, _ context: WebContext) async throws {
        guard let path = context.endpointPath, let access = accesses["POST \(path)"] else {
            throw AppError(.notFound, "Not found.")
        }
        try access.check(context)
        guard case .allowed(let action) = access else { return }
        var objects = try AnsweredObjects(answer)
        if let id = context.parameters.get("caseId").flatMap({ CaseID($0) }) { objects.cases.insert(id) }
        if let id = context.parameters.get("reportId").flatMap({ ID<Report>($0) }) { objects.reports.insert(id) }
        try await keys.requireAccess(scope, action, to: objects)
    }

    /// In separate tasks: a disconnected client cancels its request, and is the one most likely to repeat it.
    private func abandon(_ scope: Scope, _ request: RepeatableRequest) async {
        _ = await Task { try? await keys.abandon(scope, request) }.value
    }

    private func keep(_ response: Response, _ scope: Scope, _ request: RepeatableRequest) async throws -> Response {
        let collected = CollectedBody()
        try await response.body.write(collected)
        let bytes = collected.bytes
        let answer = StoredResponse(
            status: response.status.code, contentType: response.headers[.contentType],
            location: response.headers[.location], entityTag: response.headers[.eTag],
            body: Data(bytes.readableBytesView))
        try await Task { try await keys.finish(scope, request, answer) }.value
        var response = response
        response.body = ResponseBody(byteBuffer: bytes)
        return response
    }

    private static func response(_ answer: StoredResponse) -> Response {
        var headers: HTTPFields = [.idempotentReplayed: "true"]
        headers[.contentType] = answer.contentType
        headers[.location] = answer.location
        headers[.eTag] = answer.entityTag
        return Response(
            status: HTTPResponse.Status(code: answer.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}

extension Request {
    /// Whether its response may be stored for repetition.
    fileprivate var isRepeatable: Bool {
        let type = headers[.contentType]?.lowercased() ?? ""
        return method == .post && uri.path.hasPrefix("/api/") && !type.hasPrefix("multipart/")
            && headers[.tusResumable] == nil
    }
}

/// Collects a response's body.
private final class CollectedBody: ResponseBodyWriter {
    private(set) var bytes = ByteBuffer()

    func write(_ buffer: ByteBuffer) async throws {
        bytes.writeImmutableBuffer(buffer)
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

extension HTTPField.Name {
    static let idempotencyKey = HTTPField.Name("Idempotency-Key").unsafelyUnwrapped
    static let idempotentReplayed = HTTPField.Name("Idempotent-Replayed").unsafelyUnwrapped
}
