import HTTPTypes
import Hummingbird
import Kernel

/// Allows browser clients from configured origins to call the API; responses to other origins have no CORS headers.
struct CORSRules: RouterMiddleware {
    typealias Context = WebContext

    let origins: [String]

    private static let requestHeaders =
        "Authorization, Content-Type, X-Request-ID, traceparent, X-Institution, Range, If-Match, If-None-Match, Idempotency-Key, "
        + "Last-Event-ID, Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Checksum"
    private static let responseHeaders =
        "Location, Link, ETag, X-Request-ID, Content-Range, Retry-After, Idempotent-Replayed, Tus-Resumable, "
        + "Tus-Version, Tus-Extension, Tus-Max-Size, Upload-Length, Upload-Offset, Upload-Expires, Upload-Metadata"

    func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        guard let origin = request.headers[.origin], origins.contains(origin) else {
            return try await next(request, context)
        }
        if request.method == .options {
            return Response(
                status: .noContent,
                headers: [
                    .accessControlAllowOrigin: origin, .vary: "Origin", .accessControlMaxAge: "600",
                    .accessControlAllowMethods: "GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS",
                    .accessControlAllowHeaders: Self.requestHeaders,
                ])
        }
        var response: Response
        // Errors need the headers as well: without them the client cannot read the reason.
        do { response = try await next(request, context) } catch { response = ErrorResponse.make(error, context) }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.vary] = "Origin"
        response.headers[.accessControlExposeHeaders] = Self.responseHeaders
        return response
    }
}
