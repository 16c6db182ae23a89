import Features
import HTTPTypes
import Hummingbird
import Kernel

/// An error page: what failed, why, and the way back.
struct FailurePage: Sendable {
    let title: String
    /// No user in the header: the error may be that the user is unknown.
    let userName: String? = nil
    let errors: [String] = []
    let sentences: [String]
    /// For the operator, if it is not the user's mistake.
    let requestID: String?
    var backHref = ReturnPath.home
    var backTitle = "Back to cases"

    init(_ status: HTTPResponse.Status, _ error: AppError, _ context: WebContext) {
        title =
            switch status.code {
            case 400: "Request rejected"
            case 403: "Permission denied"
            case 404: "Page not found"
            case 405: "Method not allowed"
            case 409, 412: "Conflict"
            case 413: "File too large"
            case 429: "Too many requests"
            case 503: "Temporarily unavailable"
            case 500...: "Something went wrong"
            default: "Request failed"
            }
        sentences = error.sentences
        requestID = status.code >= 500 ? context.requestID : nil
    }
}

/// Turns errors into pages for browsers; other clients get the API's format.
struct FailurePages: RouterMiddleware {
    typealias Context = WebContext

    let templates: PageTemplates
    let files: FilesService
    let sessions: SessionsService

    func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            guard request.wantsPage else { throw error }
            var response = await templates.failure(error, request, context) { page in
                guard let item = await caseOfFile(request, context) else { return }
                page.backHref = "/cases/\(item)"
                page.backTitle = "Back to the case"
            }
            // A page's resource may have failed because its URL has expired, which may change soon.
            response.headers[.cacheControl] = "no-store"
            return response
        }
    }

    /// The case of a file's URL, for users who may see it. Files are served without authentication, so the browser's
    /// cookie is checked here.
    private func caseOfFile(_ request: Request, _ context: WebContext) async -> CaseID? {
        let parts = request.uri.path.split(separator: "/")
        guard parts.count == 5, parts[1] == "files", let token = request.cookies[Authenticator.cookie]?.value,
            let scope = try? await sessions.authenticate(token, origin: context.origin).scope,
            let kind = FileGrant.Kind(rawValue: String(parts[2])), let id = ID<StoredFile>(parts[3])
        else { return nil }
        return try? await files.caseID(scope, kind, id)
    }
}

extension Request {
    /// Whether a browser requests something to display: a page, or a link below `/api/`.
    fileprivate var wantsPage: Bool {
        guard headers[.authorization] == nil, headers[.accept]?.contains("text/html") == true else { return false }
        let path = uri.path
        return !path.hasPrefix("/api/") || path.hasPrefix("/api/files/")
            || (path.hasPrefix("/api/reports/") && path.contains("/export"))
    }
}
