import Kernel
import Storage

// Password changes: by the user, and by an administrator for another user.

extension UsersService {
    /// Also ends every other session of the user.
    package func changePassword(_ principal: Principal, _ form: PasswordChange) async throws {
        let scope = principal.scope.atHome
        var check = Validation()
        let fresh = check.newPassword(form, for: try await profile(scope), settings.passwords)
        let stored = try await database.read { try UserStore($0).passwordHash(scope) }
        if try await !sessions.isOwn(form.currentPassword ?? "", scope) {
            check.add("currentPassword", "Incorrect current password.")
        }
        try check.finish()
        let hash = try await hasher.hash(fresh)
        let now = clock()
        try await database.write { connection in
            let store = UserStore(connection)
            // Before the look: of two changes at once the later one must see the earlier one's password.
            try store.lock(scope, scope.user)
            guard try store.passwordHash(scope) == stored else {
                throw AppError(.conflict, "The password was changed in another session. Sign in again.")
            }
            try store.setPasswordHash(scope, scope.user, hash, at: now)
            try SessionStore(connection).endAll(
                scope, of: scope.user, but: principal.session, because: .passwordChanged, at: now)
            try AuditStore(connection).append(
                AuditEntry(scope, "user.change_password", "user", scope.user.string, at: now))
        }
    }

    /// Sets another user's password and ends all of that user's sessions. For one's own account use `changePassword`,
    /// which requires the current password: an unattended session must not be enough.
    package func setPassword(_ scope: Scope, _ id: UserID, _ form: PasswordChange) async throws {
        try Policy.require(.changeUsers, scope)
        let user = try await database.read { try Self.found(UserStore($0).find(scope, id)) }
        try Policy.requireRank(scope, aboveSuperuser: user.isSuperuser)
        guard id != scope.user else {
            throw AppError(.conflict, "Change your own password on the Change password page.")
        }
        var check = Validation()
        let fresh = check.newPassword(form, for: user, settings.passwords)
        try check.finish()
        let hash = try await hasher.hash(fresh)
        let now = clock()
        try await database.write { connection in
            let store = UserStore(connection)
            try store.lock(scope, id)
            // Read again: the account may have been deleted or promoted in the meantime.
            try Policy.requireRank(scope, aboveSuperuser: Self.found(store.find(scope, id)).isSuperuser)
            try Self.requirePasswordAccount(scope, id, store)
            try store.setPasswordHash(scope, id, hash, at: now)
            try SessionStore(connection).endAll(scope, of: id, but: nil, because: .passwordChanged, at: now)
            try AuditStore(connection).append(AuditEntry(scope, "user.set_password", "user", id.string, at: now))
        }
    }
}

extension UsersService {
    /// - Throws: conflict for an account of an identity provider: a password would let its user in after the provider
    ///   has closed the account.
    private static func requirePasswordAccount(_ scope: Scope, _ id: UserID, _ store: UserStore) throws {
        guard try !store.hasIdentity(scope, id) else {
            throw AppError(
                .conflict,
                "This user signs in through single sign-on and has no password. Unlink the single sign-on account first."
            )
        }
    }

    /// The same for the operator, by email address; only for the command line, never for HTTP.
    package func setPassword(email: String, _ form: PasswordChange) async throws -> User {
        let user = try await user(email: email)
        var check = Validation()
        let fresh = check.newPassword(form, for: user, settings.passwords)
        try check.finish()
        let hash = try await hasher.hash(fresh)
        let now = clock()
        let scope = Scope(institution: user.institutionID, user: user.id, role: user.role)
        try await database.write { connection in
            let store = UserStore(connection)
            try store.lock(scope, user.id)
            _ = try Self.found(store.find(scope, user.id))
            try Self.requirePasswordAccount(scope, user.id, store)
            try store.setPasswordHash(scope, user.id, hash, at: now)
            try SessionStore(connection).endAll(scope, of: user.id, but: nil, because: .passwordChanged, at: now)
            try AuditStore(connection).append(
                AuditEntry(
                    institution: user.institutionID, actor: nil, origin: RequestOrigin(), action: "user.set_password",
                    objectType: "user", objectID: user.id.string, at: now))
        }
        return user
    }

    /// For the operator: the user with this email address in any institution.
    package func user(email: String) async throws -> User {
        let address = email.trimmed.lowercased()
        let known = try await database.read { try UserStore($0).credentials(email: address)?.user }
        guard let known else { throw AppError(.notFound, "No user has the email address \(address).") }
        return known
    }
}

extension Validation {
    /// Validates a new password, entered twice, by the password rules.
    fileprivate mutating func newPassword(_ form: PasswordChange, for user: User, _ rules: PasswordRules) -> String {
        let names = [user.email, user.username, user.firstName, user.lastName]
        let fresh = password("newPassword", form.newPassword, rules, names: names)
        if form.confirmPassword != form.newPassword {
            add("confirmPassword", "The passwords do not match.")
        }
        return fresh
    }
}
