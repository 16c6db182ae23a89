import Features
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// The user's own account: second factor and sessions, without scripts.
struct AccountRoutes {
    static let path = "/account"
    static let picturePath = "/account/second-factor.svg"

    let users: UsersService
    let sessions: SessionsService
    let factors: SecondFactorsService
    let templates: PageTemplates

    func add(to router: Router<WebContext>) {
        router.get("account", use: templates.renderingErrors(account))
        router.post("account/email", use: templates.renderingErrors(changeEmail))
        router.post("account/second-factor", use: templates.renderingErrors(enrol))
        router.get("account/second-factor.svg", use: templates.renderingErrors(picture))
        router.post("account/second-factor/confirm", use: templates.renderingErrors(confirm))
        router.post("account/second-factor/disable", use: templates.renderingErrors(disable))
        router.post("account/sessions/:id/end", use: templates.renderingErrors(endSession))
    }

    // MARK: Reading

    private func account(_ request: Request, _ context: WebContext) async throws -> Response {
        let notice = AccountPage.Notice(rawValue: request.query("done") ?? "")
        return try await account(.ok, context.signedIn(enrolling: true), .init(notice: notice))
    }

    private func account(
        _ status: HTTPResponse.Status, _ principal: Principal, _ outcome: AccountPage.Outcome
    ) async throws -> Response {
        // Users who must enrol first see nothing else.
        let sessions = principal.mustEnrol ? [] : try await self.sessions.list(principal)
        let model = AccountPage(
            user: try await users.profile(principal.scope), factor: try await factors.status(principal),
            enrolment: try await factors.pending(principal), sessions: sessions, mustEnrol: principal.mustEnrol,
            hasPassword: try await users.hasPassword(principal.scope), outcome: outcome)
        return templates.page(status, "account", model)
    }

    private func picture(_ request: Request, _ context: WebContext) async throws -> Response {
        guard let enrolment = try await factors.pending(context.signedIn(enrolling: true)) else {
            throw AppError(.notFound, "Two-factor authentication setup has not been started.")
        }
        return Response(
            status: .ok, headers: [.contentType: "image/svg+xml"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try enrolment.picture())))
    }

    // MARK: The address

    private func changeEmail(_ request: Request, _ context: WebContext) async throws -> Response {
        let principal = try context.signedIn()
        let form = try await FormFields.body(of: request)
        let email = form["email"] ?? ""
        return try await answering(principal, email: email) {
            let change = UserChange(email: email, currentPassword: form["currentPassword"])
            _ = try await users.updateProfile(principal.scope, change)
            return Response.redirect(to: "\(Self.path)?done=\(AccountPage.Notice.email.rawValue)")
        }
    }

    // MARK: The second factor

    private func enrol(_ request: Request, _ context: WebContext) async throws -> Response {
        let principal = try context.signedIn(enrolling: true)
        let password = try await FormFields.body(of: request)["password"] ?? ""
        return try await answering(principal) {
            _ = try await factors.enrol(principal, password: password)
            return Response.redirect(to: Self.path)
        }
    }

    private func confirm(_ request: Request, _ context: WebContext) async throws -> Response {
        let principal = try context.signedIn(enrolling: true)
        let code = try await FormFields.body(of: request)["code"] ?? ""
        return try await answering(principal) {
            let codes = try await factors.confirm(principal, code: code)
            let user = try await users.profile(principal.scope)
            return templates.page(.ok, "recovery_codes", RecoveryCodesPage(user: user, codes))
        }
    }

    private func disable(_ request: Request, _ context: WebContext) async throws -> Response {
        let principal = try context.signedIn()
        let form = try await FormFields.body(of: request)
        return try await answering(principal) {
            try await factors.disable(principal, password: form["password"] ?? "", code: form["code"] ?? "")
            return Response.redirect(to: "\(Self.path)?done=\(AccountPage.Notice.disabled.rawValue)")
        }
    }

    // MARK: Sessions

    private func endSession(_ request: Request, _ context: WebContext) async throws -> Response {
        try await sessions.end(context.signedIn(), context.id(of: SessionID.self))
        return Response.redirect(to: "\(Self.path)?done=\(AccountPage.Notice.ended.rawValue)")
    }

    // MARK: Parts

    /// The same page with the errors, if the user can correct them.
    private func answering(
        _ principal: Principal, email: String? = nil, _ make: () async throws -> Response
    ) async throws -> Response {
        do {
            return try await make()
        } catch let error as AppError where [.validation, .conflict, .tooManyRequests].contains(error.code) {
            let status = ErrorResponse.status(of: error.code)
            var response = try await account(
                status, principal, .init(errors: error.sentencesOfAccount, email: email))
            if let seconds = error.retryAfter { response.headers[.retryAfter] = String(seconds) }
            return response
        }
    }
}

extension AppError {
    /// Messages above the form: a field does not show which password is missing.
    fileprivate var sentencesOfAccount: [String] {
        let isMissing = ["password", "currentPassword"].contains { fields[$0] == ["This field is required."] }
        return isMissing ? ["Enter your current password."] : fieldSentences
    }
}
