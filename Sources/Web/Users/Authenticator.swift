import Features
import HTTPTypes
import Hummingbird

/// Finds out who is asking: by the access token in `Authorization`, or by the pages' cookie.
struct Authenticator: RouterMiddleware {
    typealias Context = WebContext

    static let cookie = "neuroai_access"

    let sessions: SessionsService

    func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        if let token = try token(of: request) {
            do {
                context.principal = try await sessions.authenticate(token, origin: context.origin)
            } catch let error as AppError where error.code == .unauthenticated {
                // Routes that need somebody refuse; registering and signing in need nobody.
                context.principal = nil
            }
        }
        return try await next(request, context)
    }

    private func token(of request: Request) throws -> String? {
        if let header = request.headers[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() == "bearer" ? String(parts[1]) : nil
        }
        guard let cookie = request.cookies[Self.cookie]?.value else { return nil }
        return request.isSameOrigin ? cookie : nil
    }
}

extension Request {
    /// Whether a browser sent this from one of our own pages: another site's page must not act in a user's name.
    var isSameOrigin: Bool {
        guard method != .get && method != .head else { return true }
        guard let origin = headers[.origin], let authority = head.authority else { return false }
        return origin == "http://\(authority)" || origin == "https://\(authority)"
    }
}
