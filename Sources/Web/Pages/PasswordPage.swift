import Features
import Hummingbird
import Kernel

/// The form for changing one's own password.
struct PasswordPage: Sendable {
    let title = "Change password"
    let userName: String
    let errors: [String]
    let isDone: Bool
    /// False for an account of an identity provider.
    let hasPassword: Bool
    let shortest: Int
    let longest = PasswordRules.longest
}

extension PageRoutes {
    /// The query value after a password was changed.
    private static let done = "changed"

    @Sendable func openPassword(_ request: Request, _ context: WebContext) async throws -> Response {
        let isDone = request.query("done") == Self.done
        return page(.ok, "password", try await passwordPage(context.scope, isDone: isDone))
    }

    @Sendable func changePassword(_ request: Request, _ context: WebContext) async throws -> Response {
        let principal = try context.signedIn()
        do {
            let form = try await Self.form(PasswordChange.self, of: request)
            try await users.changePassword(principal, form)
            return Response.redirect(to: "/password?done=\(Self.done)")
        } catch let error as AppError where [.validation, .conflict, .tooManyRequests].contains(error.code) {
            var response = page(
                ErrorResponse.status(of: error.code), "password",
                try await passwordPage(principal.scope, errors: error.fieldSentences))
            if let seconds = error.retryAfter { response.headers[.retryAfter] = String(seconds) }
            return response
        }
    }

    private func passwordPage(
        _ scope: Scope, errors: [String] = [], isDone: Bool = false
    ) async throws -> PasswordPage {
        PasswordPage(
            userName: try await users.profile(scope).fullName, errors: errors, isDone: isDone,
            hasPassword: try await users.hasPassword(scope), shortest: users.accounts.passwords.shortest)
    }
}
