import Kernel
import Storage

/// The result of a registration.
package struct Registered: Sendable {
    package let user: User
    /// `nil` if the account is pending approval.
    package let tokens: TokenPair?
}

// Creating accounts: by registration, by invitation and by the operator.

extension UsersService {
    /// Creates an account in the inviting institution, or else in the default one. It is signed in immediately, or
    /// pending approval if the settings require it without an invitation.
    package func register(_ form: Registration, origin: RequestOrigin) async throws -> Registered {
        let invitation = try await openInvitation(form)
        let account = try AccountForm(form, settings.passwords, invitation: invitation)
        let rule = sessions.settings.throttling.registrations
        try await sessions.admit(
            origin.address.map { [Attempt(rule: rule, address: $0)] } ?? [], on: nil, in: invitation?.institution,
            origin: origin)
        let hash = try await hasher.hash(account.password)
        let home = invitation?.institution ?? .default
        var user = account.user(in: home, at: clock())
        user.isPending = invitation == nil && settings.registration == .approval
        user.isActive = !user.isPending
        try await insert(user, hash: hash, invitation: invitation, origin: origin)
        guard user.isActive else { return Registered(user: user, tokens: nil) }
        let signedIn = try await sessions.begin(user, passwordHash: hash, origin: origin)
        return Registered(user: signedIn.user, tokens: signedIn.tokens)
    }

    /// Whether registration is possible: openly, or with a valid invitation.
    package func mayRegister(invitation: String?) async throws -> Bool {
        guard let text = invitation?.trimmed, !text.isEmpty else { return settings.registration != .closed }
        let found = try await database.read { try InvitationStore($0).find(InvitationToken(text)) }
        return settings.registration != .closed || found?.isOpen(at: clock()) == true
    }

    /// Approves a pending registration, with a role confirmed by the administrator.
    package func approve(_ scope: Scope, _ id: UserID, _ form: ApprovalForm) async throws -> User {
        try Policy.require(.changeUsers, scope)
        var check = Validation()
        let role = check.choice("role", form.role ?? "", among: Role.self)
        try check.finish()
        guard let role else { throw AppError.invalid("role", "This field is required.") }
        return try await update(scope, id, UserChange(role: role.rawValue, isActive: true)) { user in
            guard user.isPending else { throw AppError(.conflict, "This account is not pending approval.") }
        }
    }

    /// Creates an administrator of the default institution; only for the command line, never for HTTP.
    @discardableResult
    package func createAdmin(_ form: Registration) async throws -> User {
        try await create(form, as: .admin)
    }

    /// Creates a superuser; only for the command line, never for HTTP.
    @discardableResult
    package func createSuperuser(_ form: Registration) async throws -> User {
        try await create(form, as: .admin, isSuperuser: true)
    }

    /// Creates an account of any role in the default institution without signing in; only for the command line, never
    /// for HTTP.
    @discardableResult
    package func create(_ form: Registration, as role: Role, isSuperuser: Bool = false) async throws -> User {
        var account = try AccountForm(form, settings.passwords)
        account.role = role
        var user = account.user(in: InstitutionID.default, at: clock())
        user.isSuperuser = isSuperuser
        try await insert(user, hash: try await hasher.hash(account.password), invitation: nil, origin: RequestOrigin())
        return user
    }

    // MARK: Parts

    /// The form's invitation; `nil` if it has none and registration is open.
    private func openInvitation(_ form: Registration) async throws -> Invitation? {
        guard let text = form.invitation?.trimmed, !text.isEmpty else {
            guard settings.registration != .closed else {
                throw AppError(.forbidden, "Registration is closed. Ask an administrator for an invitation.")
            }
            return nil
        }
        let found = try await database.read { try InvitationStore($0).find(InvitationToken(text)) }
        guard let found, found.isOpen(at: clock()) else { throw Self.spentInvitation }
        return found
    }

    private func insert(_ user: User, hash: String, invitation: Invitation?, origin: RequestOrigin) async throws {
        try await database.write { connection in
            try UserStore(connection).insert(user, passwordHash: hash)
            let isOpen = try invitation.map {
                try InvitationStore(connection).markUsed($0.id, by: user.id, at: user.createdAt)
            }
            guard isOpen != false else { throw Self.spentInvitation }
            try AuditStore(connection).append(
                AuditEntry(
                    institution: user.institutionID, actor: user.id, origin: origin, action: "user.register",
                    objectType: "user", objectID: user.id.string, at: user.createdAt))
        }
    }

    private static var spentInvitation: AppError {
        AppError.invalid("invitation", "This invitation is invalid, already used or expired.")
    }
}
