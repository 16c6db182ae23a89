import Features
import Hummingbird
import Kernel

/// The form for changing one's own password.
struct PasswordPage: Sendable {
    let title = "Change password"
    let userName: String
    let errors: [String]
    let isDone: Bool
    let shortest: Int
    let longest = PasswordRules.longest
}

extension PageRoutes {
    /// The query value after a password was changed.
    private static let done = "changed"

    @Sendable func openPassword(_ request: Request, _ context: WebContext) async throws -> Response {
        let user = try await users.profile(context.scope)
        return page(.ok, "password", passwordPage(user, isDone: request.query("done") == Self.done))
    }

    @Sendable func changePassword(_ request: Request, _ context: WebContext) async throws -> Response {
        let principal = try context.signedIn()
        do {
            let form = try await Self.form(PasswordChange.self, of: request)
            try await users.changePassword(principal, form)
            return Response.redirect(to: "/password?done=\(Self.done)")
        } catch let error as AppError where [.validation, .conflict, .tooManyRequests].contains(error.code) {
            let user = try await users.profile(principal.scope)
            var response = page(
                ErrorResponse.status(of: error.code), "password", passwordPage(user, errors: error.fieldSentences))
            if let seconds = error.retryAfter { response.headers[.retryAfter] = String(seconds) }
            return response
        }
    }

    private func passwordPage(_ user: User, errors: [String] = [], isDone: Bool = false) -> PasswordPage {
        PasswordPage(
            userName: user.fullName, errors: errors, isDone: isDone,
            shortest: users.accounts.passwords.shortest)
    }
}
