import Features
import HTTPTypes
import Hummingbird
import Kernel

/// Accounts and sessions.
struct UserRoutes {
    let users: UsersService
    let sessions: SessionsService

    /// The response to a sign-in.
    private struct Session: Encodable {
        let user: User
        let access: String
        let refresh: String
        let message: String?

        init(_ user: User, _ tokens: TokenPair, message: String? = nil) {
            self.user = user
            access = tokens.access
            refresh = tokens.refresh
            self.message = message
        }
    }

    private struct Changed: Encodable {
        let user: User
        let message: String
    }

    private struct Credentials: Decodable {
        let email: String
        let password: String
        /// The second factor's code.
        let otp: String?
    }

    private struct RefreshForm: Decodable {
        let refresh: String
    }

    var all: [APIRoute] { signingIn + profile + directory }

    private var signingIn: [APIRoute] {
        [
            APIRoute(
                .post, "/api/users/register/", "Register; signs in unless the account needs approval",
                access: .anyone,
                body: .json(.named("Registration")),
                responses: [.json(.created, .anyOf([.named("SignedIn"), .named("Registered")]))], handler: register),
            APIRoute(
                .post, "/api/users/login/", "Sign in", access: .anyone, body: .json(.named("Credentials")),
                responses: [.json(.ok, .named("SignedIn"))], handler: login),
            APIRoute(
                .post, "/api/users/logout/", "Sign out", access: .anyone, body: .json(.named("RefreshForm")),
                responses: [.message()], handler: logout),
            APIRoute(
                .post, "/api/users/refresh/", "Refresh the tokens", access: .anyone,
                body: .json(.named("RefreshForm")), responses: [.json(.ok, .named("TokenPair"))], handler: refresh),
        ]
    }

    private var profile: [APIRoute] {
        [
            APIRoute(
                .get, "/api/users/profile/", "Retrieve your profile", access: .signedIn,
                responses: [.json(.ok, .named("User"))]
            ) { try JSON.response(.ok, await users.profile($1.scope)) },
            APIRoute(
                .patch, "/api/users/profile/update/", "Update your profile", access: .signedIn,
                body: .json(.named("ProfileChange")), responses: [.json(.ok, .named("ChangedUser"))],
                handler: updateProfile),
            APIRoute(
                .post, "/api/users/profile/change-password/", "Change your password; ends your other sessions",
                access: .signedIn, body: .json(.named("PasswordChange")), responses: [.message()],
                handler: changePassword),
        ]
    }

    private var directory: [APIRoute] {
        [
            APIRoute(
                .get, "/api/users/users/", "List users of the institution", access: .allowed(.readUsers),
                responses: [.json(.ok, .named("UserDirectory"))]
            ) { try JSON.response(.ok, await users.list($1.scope)) },
            APIRoute(
                .get, "/api/users/users/{userId}/", "Retrieve a user", access: .allowed(.readUsers),
                responses: [.json(.ok, .named("User"))]
            ) { try JSON.response(.ok, await users.user($1.scope, $1.id("userId", of: UserID.self))) },
            APIRoute(
                .patch, "/api/users/users/{userId}/", "Update a user", access: .allowed(.changeUsers),
                body: .json(.named("UserChange")), responses: [.json(.ok, .named("User"))], handler: updateUser),
            APIRoute(
                .post, "/api/users/users/{userId}/approve/",
                "Approve a pending user in a role",
                access: .allowed(.changeUsers), body: .json(.named("Approval")),
                responses: [.json(.ok, .named("User"))], handler: approve),
            APIRoute(
                .delete, "/api/users/users/{userId}/", "Delete a user; cases and reports are kept",
                access: .allowed(.changeUsers), responses: [.message()]
            ) { _, context in
                try await users.delete(context.scope, context.id("userId", of: UserID.self))
                return try JSON.response(.ok, Message(message: "User deleted."))
            },
        ]
    }

    @Sendable private func register(_ request: Request, _ context: WebContext) async throws -> Response {
        let form = try await JSON.body(of: request, as: Registration.self)
        let registered = try await users.register(form, origin: context.origin)
        guard let tokens = registered.tokens else {
            let message = "Account created. An administrator must approve it before you can sign in."
            return try JSON.response(.created, Changed(user: registered.user, message: message))
        }
        return try JSON.response(.created, Session(registered.user, tokens, message: "Account created."))
    }

    @Sendable private func login(_ request: Request, _ context: WebContext) async throws -> Response {
        let form = try await JSON.body(of: request, as: Credentials.self)
        let signedIn = try await sessions.login(
            email: form.email, password: form.password, code: form.otp, origin: context.origin)
        return try JSON.response(.ok, Session(signedIn.user, signedIn.tokens))
    }

    @Sendable private func logout(_ request: Request, _ context: WebContext) async throws -> Response {
        let token = try await refreshToken(request)
        try await sessions.logout(refreshToken: token, origin: context.origin)
        return try JSON.response(.ok, Message(message: "Signed out."))
    }

    @Sendable private func refresh(_ request: Request, _ context: WebContext) async throws -> Response {
        let token = try await refreshToken(request)
        return try JSON.response(.ok, await sessions.refresh(token, origin: context.origin))
    }

    private func refreshToken(_ request: Request) async throws -> String {
        let token = try await JSON.body(of: request, as: RefreshForm.self).refresh
        guard !token.isEmpty else { throw AppError.invalid("refresh", "This field may not be blank.") }
        return token
    }

    @Sendable private func updateProfile(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let user = try await users.updateProfile(scope, JSON.body(of: request, as: UserChange.self))
        return try JSON.response(.ok, Changed(user: user, message: "Profile updated."))
    }

    @Sendable private func changePassword(_ request: Request, _ context: WebContext) async throws -> Response {
        let principal = try context.signedIn()
        try await users.changePassword(principal, JSON.body(of: request, as: PasswordChange.self))
        return try JSON.response(.ok, Message(message: "Password changed."))
    }

    @Sendable private func approve(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id("userId", of: UserID.self)
        let form = try await JSON.body(of: request, as: ApprovalForm.self)
        return try JSON.response(.ok, await users.approve(scope, id, form))
    }

    @Sendable private func updateUser(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id("userId", of: UserID.self)
        let change = try await JSON.body(of: request, as: UserChange.self)
        return try JSON.response(.ok, await users.updateUser(scope, id, change))
    }
}
