import Features
import HTTPTypes
import Hummingbird
import Kernel

/// Sign-in through an OpenID provider: the way there and back.
struct SingleSignOnRoutes: Sendable {
    /// Binds the provider's response to this browser. Sent with requests that other sites start, as the provider's
    /// redirect is; it only works together with the response.
    private static let cookie = "neuroai_oidc"

    let singleSignOn: SingleSignOnService
    let users: UsersService
    let settings: WebSettings
    let templates: PageTemplates

    func add(to router: Router<WebContext>) {
        router.get("login/oidc", use: templates.renderingErrors(start))
        router.get("login/oidc/callback", use: templates.renderingErrors(finish))
    }

    private func start(_ request: Request, _ context: WebContext) async throws -> Response {
        let next = ReturnPath.safe(request.query(ReturnPath.parameter))
        return try await refusing(next: next) {
            let start = try await singleSignOn.start(next: next, origin: context.origin)
            var response = Response.redirect(to: start.url)
            response.setCookie(cookie(start.cookie, seconds: SingleSignOnService.cookieSeconds))
            return response
        }
    }

    private func finish(_ request: Request, _ context: WebContext) async throws -> Response {
        var response = try await refusing(next: nil) {
            let answer = SingleSignOnService.AuthorizationResponse(
                state: request.query("state"), code: request.query("code"), error: request.query("error"),
                issuer: request.query("iss"))
            let finish = try await singleSignOn.finish(
                answer, cookie: request.cookies[Self.cookie]?.value, origin: context.origin)
            var response = templates.page(.ok, "continue", ContinuePage.signedIn(next: finish.next))
            SessionCookies(users.sessions, settings).set(finish.signedIn.tokens, on: &response)
            return response
        }
        // Each sign-in has one response.
        response.setCookie(cookie("", seconds: 0))
        return response
    }

    /// The sign-in form with the error, if the sign-in fails.
    private func refusing(next: String?, _ work: () async throws -> Response) async throws -> Response {
        do {
            return try await work()
        } catch let error as AppError where Self.isRefusal(error) {
            let forms = SignInForms(users: users, singleSignOn: singleSignOn, templates: templates)
            return forms.page(refusing: error, [error.message], next: next)
        }
    }

    private static func isRefusal(_ error: AppError) -> Bool {
        [.unauthenticated, .forbidden, .approvalPending, .unavailable, .tooManyRequests].contains(error.code)
    }

    private func cookie(_ value: String, seconds: Int) -> Cookie {
        Cookie(
            name: Self.cookie, value: value, maxAge: seconds, path: SingleSignOnService.startPath,
            secure: settings.isSecure, httpOnly: true, sameSite: .lax)
    }
}
