import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

extension Router<WebContext> {
    /// Checks a call before its handler runs: permission, body size and query.
    func add(route: APIRoute, _ settings: WebSettings) {
        let limit = route.bodyLimit(settings)
        on(route.routerPath, method: route.method) { request, context in
            try route.access.check(context)
            try route.checkQuery(of: request)
            do {
                let request = try request.limited(to: limit, error: route.tooLarge(settings))
                return try await route.handler(request, context).acceptable(to: request, of: route)
            } catch let fault as BodyFault {
                let schema = route.bodySchema
                throw try await LongDecoding.run(bytes: fault.body.count) { fault.refusal(by: schema) }
            }
        }
    }

    /// Responds to other methods on a known path with 405 and the allowed methods (RFC 9110 §15.5.6). Call it last.
    func refuseOtherMethods() {
        var paths: [String: (path: RouterPath, methods: Set<HTTPRequest.Method>)] = [:]
        for route in routes { paths[route.path.description, default: (route.path, [])].methods.insert(route.method) }
        for (path, methods) in paths.values {
            // The router handles HEAD wherever it handles GET.
            let allowed = methods.contains(.get) ? methods.union([.head]) : methods
            for method in MethodRefusal.others where !allowed.contains(method) {
                on(path, method: method) { _, _ -> Response in throw MethodRefusal(allowed: allowed) }
            }
        }
    }
}

/// A method that a known path does not allow.
struct MethodRefusal: Error {
    let allowed: Set<HTTPRequest.Method>

    static let others: [HTTPRequest.Method] =
        [.get, .head, .post, .put, .patch, .delete, .options, .trace, .connect]
        + [HTTPRequest.Method("QUERY")].compactMap { $0 }

    /// The value of `Allow`.
    var names: String { allowed.map(\.rawValue).sorted().joined(separator: ", ") }
}

extension APIRoute.Access {
    /// The services check each object; this rejects roles that may never make the call.
    func check(_ context: WebContext) throws {
        switch self {
        case .anyone, .signedAddress: return
        // Users who must enrol a second factor may make the calls for that; other calls are rejected.
        case .signedIn: _ = try context.signedIn(enrolling: true)
        case .allowed(let action): try Policy.require(action, context.scope)
        }
    }
}

extension APIRoute {
    /// The schema of a JSON body; `nil` if the call has none.
    var bodySchema: Schema? {
        guard case .json(let schema)? = body else { return nil }
        return schema
    }

    /// The size of a form beyond its file, in bytes.
    private static let formOverhead: Int64 = 65_536

    func bodyLimit(_ settings: WebSettings) -> Int64 {
        if let limit = details.bodyLimit { return limit }
        return switch body {
        case .multipart: settings.uploadLimit + Self.formOverhead
        case .bytes: settings.uploadLimit
        case .json, nil: Int64(access == .anyone ? Request.anonymousBodyLimit : JSON.bodyLimit)
        }
    }

    /// The error of a body that exceeds the limit; for a form, it refers to the file.
    fileprivate func tooLarge(_ settings: WebSettings) -> AppError {
        guard case .multipart? = body, details.bodyLimit == nil else { return .bodyTooLarge(bodyLimit(settings)) }
        return .fileTooLarge(limit: settings.uploadLimit)
    }
}

extension Response {
    /// Uses the generic media type for a file if the client accepts no other (`OpenAPIDocument` offers both).
    fileprivate func acceptable(to request: Request, of route: APIRoute) -> Response {
        guard request.headers[.accept] == MediaType.bytes, route.responses.contains(where: \.content.isBytes) else {
            return self
        }
        var response = self
        if response.headers[.contentType] != nil { response.headers[.contentType] = MediaType.bytes }
        return response
    }
}

extension Request {
    /// The same request with a body that fails beyond `limit`.
    fileprivate func limited(to limit: Int64, error: AppError) throws -> Request {
        if let length = headers[.contentLength].flatMap({ Int64($0) }) {
            guard length <= limit else { throw error }
            return self
        }
        // Without a length the body is chunked, and its size is known only at its end.
        guard headers[.transferEncoding] != nil else { return self }
        var copy = self
        copy.body = RequestBody(asyncSequence: LimitedBody(body: body, limit: limit, error: error))
        return copy
    }
}

/// A body that counts its bytes.
private struct LimitedBody: AsyncSequence, Sendable {
    let body: RequestBody
    let limit: Int64
    let error: AppError

    struct AsyncIterator: AsyncIteratorProtocol {
        var source: RequestBody.AsyncIterator
        let limit: Int64
        let error: AppError
        var count: Int64 = 0

        mutating func next() async throws -> ByteBuffer? {
            guard let chunk = try await source.next() else { return nil }
            count += Int64(chunk.readableBytes)
            guard count <= limit else { throw error }
            return chunk
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(source: body.makeAsyncIterator(), limit: limit, error: error)
    }
}
