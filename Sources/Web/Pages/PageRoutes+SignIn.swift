import Features
import HTTPTypes
import Hummingbird
import Kernel

// Sign-in, registration and sign-out.

extension PageRoutes {
    private struct SignInForm: Decodable {
        var email: String?
        var password: String?
        var otp: String?
        /// The page to continue to.
        var next: String?
    }

    private var signInForm: SignInForms { SignInForms(users: users, singleSignOn: singleSignOn, templates: templates) }

    @Sendable func openSignIn(_ request: Request, _ context: WebContext) async throws -> Response {
        let next = ReturnPath.safe(request.query(ReturnPath.parameter))
        return signInForm.page(.ok, next: next)
    }

    @Sendable func signIn(_ request: Request, _ context: WebContext) async throws -> Response {
        guard request.isSameOrigin else { return Response.redirect(to: "/login") }
        let form = try await Self.form(SignInForm.self, of: request)
        let devices = request.cookies[SessionCookies.devices]?.value
        let next = ReturnPath.safe(form.next)
        do {
            let signedIn = try await sessions.login(
                email: form.email ?? "", password: form.password ?? "", code: form.otp, devices: devices,
                origin: context.origin)
            return enter(signedIn.user, signedIn.tokens, devices: devices, at: next)
        } catch let error as AppError
            where [.codeRequired, .tooManyRequests, .unauthenticated, .approvalPending].contains(error.code)
        {
            let sentence =
                error.code == .unauthenticated ? "Incorrect email, password or code." : error.message
            return signInForm.page(refusing: error, [sentence], email: form.email, next: next)
        }
    }

    /// - Throws: not found if registration is closed, unless an invitation is valid.
    @Sendable func openRegistration(_ request: Request, _ context: WebContext) async throws -> Response {
        let invitation = request.query("invitation")
        guard try await users.mayRegister(invitation: invitation) else { throw Self.closed(invitation) }
        return page(.ok, "register", RegisterPage(users.accounts, invitation: invitation))
    }

    @Sendable func register(_ request: Request, _ context: WebContext) async throws -> Response {
        guard request.isSameOrigin else { return Response.redirect(to: "/register") }
        let form = try await Self.form(Registration.self, of: request)
        guard try await users.mayRegister(invitation: form.invitation) else {
            throw Self.closed(form.invitation)
        }
        do {
            let registered = try await users.register(form, origin: context.origin)
            guard let tokens = registered.tokens else {
                return page(.created, "registered", RegisteredPage(email: registered.user.email))
            }
            return enter(registered.user, tokens, devices: request.cookies[SessionCookies.devices]?.value, at: nil)
        } catch let error as AppError where [.validation, .tooManyRequests].contains(error.code) {
            let model = RegisterPage(
                users.accounts, invitation: form.invitation, errors: error.sentences, entered: form)
            var response = page(ErrorResponse.status(of: error.code), "register", model)
            if let seconds = error.retryAfter { response.headers[.retryAfter] = String(seconds) }
            return response
        }
    }

    private static func closed(_ invitation: String?) -> AppError {
        invitation?.isEmpty == false
            ? AppError(.notFound, "This invitation is invalid, already used or expired.")
            : AppError(.notFound, "This page does not exist. Check the address.")
    }

    private func enter(_ user: User, _ tokens: TokenPair, devices: String?, at next: String?) -> Response {
        var response = Response.redirect(to: next ?? ReturnPath.home, type: .normal)
        let cookies = SessionCookies(sessions, settings)
        cookies.set(tokens, on: &response)
        cookies.set(devices: sessions.deviceCookie(for: user.id, keeping: devices), on: &response)
        return response
    }

    @Sendable func signOut(_ request: Request, _ context: WebContext) async throws -> Response {
        guard request.isSameOrigin else { return Response.redirect(to: "/login") }
        var providerURL: String?
        if let token = request.cookies[SessionCookies.refresh]?.value {
            providerURL = await singleSignOn?.endSessionURL(refreshToken: token)
            // Clears the cookies even if the session has already ended.
            try? await sessions.logout(refreshToken: token, origin: context.origin)
        }
        var response =
            if let providerURL, let singleSignOn {
                page(.ok, "continue", ContinuePage.signOut(providerURL, singleSignOn.providerName))
            } else {
                Response.redirect(to: "/login", type: .normal)
            }
        SessionCookies(sessions, settings).clear(on: &response)
        return response
    }
}
