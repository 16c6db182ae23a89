import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import Logging

/// The outermost layer: assigns the request id, turns errors into the contract's format, logs one line without patient
/// data, and adds security headers.
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
        var context = context
        if let id = request.headers[.requestID], Self.isValid(id) { context.requestID = id }
        context.wantsProblems = request.headers[.accept]?.contains(ErrorResponse.problemType) ?? false
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
