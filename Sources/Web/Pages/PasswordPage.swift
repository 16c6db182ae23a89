import Features
import Hummingbird

/// The form by which whoever is signed in changes the own password.
struct PasswordPage: Sendable {
    let title = "Your password"
    let userName: String
    let errors: [String]
    let isDone: Bool
}

extension PageRoutes {
    /// What an address says once the password was changed.
    private static let done = "changed"

    @Sendable func openPassword(_ request: Request, _ context: WebContext) async throws -> Response {
        await templates.shown(context) {
            let user = try await services.users.profile(context.scope)
            let isDone = request.query("done") == Self.done
            return page(.ok, "password", PasswordPage(userName: user.fullName, errors: [], isDone: isDone))
        }
    }

    @Sendable func changePassword(_ request: Request, _ context: WebContext) async throws -> Response {
        await templates.shown(context) {
            let principal = try context.signedIn()
            do {
                let form = try await Self.form(PasswordChange.self, of: request)
                try await services.users.changePassword(principal, form)
                return Response.redirect(to: "/password?done=\(Self.done)")
            } catch let error as AppError where [.validation, .conflict, .tooManyRequests].contains(error.code) {
                let user = try await services.users.profile(principal.scope)
                var response = page(
                    ErrorResponse.status(of: error.code), "password",
                    PasswordPage(userName: user.fullName, errors: error.fieldSentences, isDone: false))
                if let seconds = error.retryAfter { response.headers[.retryAfter] = String(seconds) }
                return response
            }
        }
    }
}
