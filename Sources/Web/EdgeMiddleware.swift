import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import Logging
import Tracing

/// The outermost layer: assigns the request id, starts the request's span, turns errors into the contract's format, logs
/// one line without patient data, and adds security headers.
struct EdgeMiddleware: RouterMiddleware {
    typealias Context = WebContext

    private let headers: SecurityHeaders
    private let requests: RequestMetrics

    init(_ settings: WebSettings, requests: RequestMetrics) {
        headers = SecurityHeaders(settings)
        self.requests = requests
    }

    func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        let span = Self.span(of: request, context.logger)
        defer { span.end() }
        var known = context
        if let id = request.headers[.requestID], Self.isValid(id) { known.requestID = id }
        known.wantsProblems = request.headers[.accept]?.contains(ErrorResponse.problemType) ?? false
        known.trace = span.trace
        return await ServiceContext.withValue(span.context) { [known] in await respond(request, known, next) }
    }

    /// The span itself is logged at debug level only: the request has a line of its own.
    private static func span(of request: Request, _ logger: Logger) -> LogSpan {
        let tracer = LogTracer(logger: logger, level: .debug)
        var caller = ServiceContext.topLevel
        tracer.extract(request.headers, into: &caller, using: HeaderExtractor())
        return tracer.startSpan("request", context: caller, ofKind: .server)
    }

    private func respond(
        _ request: Request, _ context: WebContext, _ next: (Request, WebContext) async throws -> Response
    ) async -> Response {
        let start = ContinuousClock.now
        requests.begin()
        var response: Response
        do {
            try request.checkHead()
            response = try await next(request.withExplainedBody(), context)
        } catch {
            response = ErrorResponse.make(error, context)
        }
        response.headers[.requestID] = context.requestID
        headers.add(to: &response)
        let duration = ContinuousClock.now - start
        requests.end(
            request.method, route: context.endpointPath, status: response.status.code, after: duration)
        // The route's pattern instead of the path, which the client controls.
        context.logger.info(
            "request",
            metadata: [
                "id": "\(context.requestID)", "method": "\(request.method)",
                "route": "\(context.endpointPath ?? "none")", "status": "\(response.status.code)",
                "duration": "\(duration)",
            ])
        return response
    }

    private static func isValid(_ id: String) -> Bool {
        (1...64).contains(id.utf8.count)
            && id.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45
            }
    }
}

extension HTTPField.Name {
    static let requestID = HTTPField.Name("X-Request-ID").unsafelyUnwrapped
    /// RFC 8288.
    static let relations = HTTPField.Name("Link").unsafelyUnwrapped
}

private struct HeaderExtractor: Extractor {
    func extract(key: String, from headers: HTTPFields) -> String? {
        HTTPField.Name(key).flatMap { headers[$0] }
    }
}
