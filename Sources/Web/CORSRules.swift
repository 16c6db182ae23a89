import HTTPTypes
import Hummingbird

/// Lets browser clients of the named origins call the API; an answer to any other carries no permission.
struct CORSRules: RouterMiddleware {
    typealias Context = WebContext

    let origins: [String]

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
                    .accessControlAllowMethods: "GET, POST, PATCH, PUT, DELETE, OPTIONS",
                    .accessControlAllowHeaders: "Authorization, Content-Type, X-Request-ID, Range",
                ])
        }
        var response: Response
        // A refusal needs the permission as well: without it the client can't read why.
        do { response = try await next(request, context) } catch { response = ErrorResponse.make(error, context) }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.vary] = "Origin"
        response.headers[.accessControlExposeHeaders] = "Location, Link, ETag, X-Request-ID, Content-Range"
        return response
    }
}
