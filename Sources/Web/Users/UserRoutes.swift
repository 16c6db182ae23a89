import Features
import HTTPTypes
import Hummingbird

/// Accounts and sessions.
struct UserRoutes {
    let services: WebServices

    /// What a sign-in answers.
    private struct Session: Encodable {
        let user: User
        let access: String
        let refresh: String
        let message: String?

        init(_ signedIn: SignedIn, message: String? = nil) {
            user = signedIn.user
            access = signedIn.tokens.access
            refresh = signedIn.tokens.refresh
            self.message = message
        }
    }

    private struct Changed: Encodable {
        let user: User
        let message: String
    }

    private struct Credentials: Decodable {
        var email: String?
        var password: String?
    }

    private struct RefreshForm: Decodable {
        var refresh: String?
    }

    func add(to group: RouterGroup<WebContext>) {
        group.post("register", use: register)
        group.post("login", use: login)
        group.post("logout", use: logout)
        group.post("refresh", use: refresh)
        group.get("profile") { try JSON.response(.ok, await services.users.profile($1.scope)) }
        group.patch("profile/update", use: updateProfile)
        group.post("profile/change-password", use: changePassword)
        group.get("users") { try JSON.response(.ok, await services.users.list($1.scope)) }
        group.get("users/:id") { try JSON.response(.ok, await services.users.user($1.scope, $1.id(of: User.self))) }
        group.patch("users/:id", use: updateUser)
        group.delete("users/:id") { _, context in
            try await services.users.delete(context.scope, context.id(of: User.self))
            return try JSON.response(.ok, Message(message: "The user was deleted."))
        }
    }

    @Sendable private func register(_ request: Request, _ context: WebContext) async throws -> Response {
        let form = try await JSON.body(of: request, as: Registration.self)
        let signedIn = try await services.users.register(form, origin: context.origin)
        return try JSON.response(.created, Session(signedIn, message: "The account was made."))
    }

    @Sendable private func login(_ request: Request, _ context: WebContext) async throws -> Response {
        let form = try await JSON.body(of: request, as: Credentials.self)
        let signedIn = try await services.sessions.login(
            email: form.email ?? "", password: form.password ?? "", origin: context.origin)
        return try JSON.response(.ok, Session(signedIn))
    }

    @Sendable private func logout(_ request: Request, _ context: WebContext) async throws -> Response {
        let token = try await refreshToken(request)
        try await services.sessions.logout(refreshToken: token, origin: context.origin)
        return try JSON.response(.ok, Message(message: "Signed out."))
    }

    @Sendable private func refresh(_ request: Request, _ context: WebContext) async throws -> Response {
        let token = try await refreshToken(request)
        return try JSON.response(.ok, await services.sessions.refresh(token, origin: context.origin))
    }

    private func refreshToken(_ request: Request) async throws -> String {
        guard let token = try await JSON.body(of: request, as: RefreshForm.self).refresh, !token.isEmpty else {
            throw AppError.invalid("refresh", "This field is required.")
        }
        return token
    }

    @Sendable private func updateProfile(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let user = try await services.users.updateProfile(scope, JSON.body(of: request, as: UserChange.self))
        return try JSON.response(.ok, Changed(user: user, message: "The profile was changed."))
    }

    @Sendable private func changePassword(_ request: Request, _ context: WebContext) async throws -> Response {
        let principal = try context.signedIn()
        try await services.users.changePassword(principal, JSON.body(of: request, as: PasswordChange.self))
        return try JSON.response(.ok, Message(message: "The password was changed."))
    }

    @Sendable private func updateUser(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id(of: User.self)
        let change = try await JSON.body(of: request, as: UserChange.self)
        return try JSON.response(.ok, await services.users.updateUser(scope, id, change))
    }
}
