import Storage

/// Accounts: registering, profiles, passwords, and an admin's view of them.
package struct UsersService: Sendable {
    let database: any Database
    let settings: AccountSettings
    let clock: @Sendable () -> Timestamp
    package let sessions: SessionsService
    private let hasher: PasswordHasher

    package init(sessions: SessionsService, settings: AccountSettings = AccountSettings()) {
        database = sessions.database
        hasher = sessions.hasher
        clock = sessions.clock
        self.sessions = sessions
        self.settings = settings
    }

    /// Makes an account and signs it in: in the institution that has invited, else in the default one.
    package func register(_ form: Registration, origin: RequestOrigin) async throws -> SignedIn {
        let invitation = try await openInvitation(form)
        let account = try AccountForm(form, settings.passwords, invitation: invitation)
        let rule = sessions.settings.throttling.registrations
        try await sessions.throttle.admit(origin.address.map { [Attempt(rule: rule, address: $0)] } ?? [])
        let hash = try await hasher.hash(account.password)
        let home = try invitation?.institution ?? Self.defaultInstitution()
        let user = account.user(in: home, at: clock())
        try await insert(user, hash: hash, invitation: invitation, origin: origin)
        return try await sessions.begin(user, passwordHash: hash, origin: origin)
    }

    /// Makes an administrator of the default institution; for the command line, never for HTTP.
    @discardableResult
    package func createAdmin(_ form: Registration) async throws -> User {
        try await create(form, as: .admin)
    }

    /// Makes somebody who may act as administrator of any institution; for the command line, never for HTTP.
    @discardableResult
    package func createSuperuser(_ form: Registration) async throws -> User {
        try await create(form, as: .admin, isSuperuser: true)
    }

    /// Makes an account of any role in the default institution and signs nobody in; for the command line, never for HTTP.
    @discardableResult
    package func create(_ form: Registration, as role: Role, isSuperuser: Bool = false) async throws -> User {
        var account = try AccountForm(form, settings.passwords)
        account.role = role
        var user = account.user(in: try Self.defaultInstitution(), at: clock())
        user.isSuperuser = isSuperuser
        try await insert(user, hash: try await hasher.hash(account.password), invitation: nil, origin: RequestOrigin())
        return user
    }

    package func profile(_ scope: Scope) async throws -> User {
        try await database.read { try Self.found(UserStore($0).find(scope.atHome, scope.user)) }
    }

    package func updateProfile(_ scope: Scope, _ change: UserChange) async throws -> User {
        try await update(scope.atHome, scope.user, change)
    }

    /// Ends every other session of the user.
    package func changePassword(_ principal: Principal, _ form: PasswordChange) async throws {
        let scope = principal.scope.atHome
        var check = Validation()
        let user = try await profile(scope)
        let names = [user.email, user.username, user.firstName, user.lastName]
        let fresh = check.password("newPassword", form.newPassword, settings.passwords, names: names)
        if form.confirmPassword != form.newPassword {
            check.add("confirmPassword", "The two passwords do not match.")
        }
        let stored = try await database.read { try UserStore($0).passwordHash(scope) }
        if try await !sessions.isOwn(form.currentPassword ?? "", scope) {
            check.add("currentPassword", "The current password is not correct.")
        }
        try check.finish()
        let hash = try await hasher.hash(fresh)
        let now = clock()
        try await database.write { connection in
            guard try UserStore(connection).passwordHash(scope) == stored else {
                throw AppError(.conflict, "The password was changed elsewhere in the meantime; sign in again.")
            }
            try UserStore(connection).setPasswordHash(scope, hash, at: now)
            try SessionStore(connection).endAll(
                scope, of: scope.user, but: principal.session, because: .passwordChanged, at: now)
            try AuditStore(connection).append(
                AuditEntry(scope, "user.change_password", "user", scope.user.string, at: now))
        }
    }

    // MARK: An admin's part

    package func list(_ scope: Scope) async throws -> UserDirectory {
        try Policy.require(.readUsers, scope)
        let users = try await database.read { try UserStore($0).list(scope, limit: Window.plainLimit) }
        return UserDirectory(users: users, stats: UserStatistics(users))
    }

    package func user(_ scope: Scope, _ id: ID<User>) async throws -> User {
        try Policy.require(.readUsers, scope)
        return try await database.read { try Self.found(UserStore($0).find(scope, id)) }
    }

    package func updateUser(_ scope: Scope, _ id: ID<User>, _ change: UserChange) async throws -> User {
        try Policy.require(.changeUsers, scope)
        return try await update(scope, id, change)
    }

    /// The account can't be used any more; what it made stays with its name.
    package func delete(_ scope: Scope, _ id: ID<User>) async throws {
        try Policy.require(.changeUsers, scope)
        let now = clock()
        try await database.write { connection in
            let store = UserStore(connection)
            let user = try Self.found(store.find(scope, id))
            try Self.requireRank(scope, above: user)
            if user.role == .admin && user.isActive { try Self.requireAnotherAdmin(store, scope) }
            guard try store.markDeleted(scope, id, at: now) else { throw Self.unknown }
            try SessionStore(connection).endAll(scope, of: id, but: nil, because: .userDeleted, at: now)
            try AuditStore(connection).append(AuditEntry(scope, "user.delete", "user", id.string, at: now))
        }
    }

    // MARK: Parts

    /// The invitation that the form names; nil where it names none and anybody may register.
    private func openInvitation(_ form: Registration) async throws -> Invitation? {
        guard let text = form.invitation?.trimmed, !text.isEmpty else {
            guard settings.allowsRegistration else {
                throw AppError(.forbidden, "Registration is closed; ask an administrator for an invitation.")
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
        AppError.invalid("invitation", "This invitation is not valid, was used before or has expired.")
    }

    private static func defaultInstitution() throws -> ID<Institution> {
        guard let id = ID<Institution>(Institution.defaultID) else { throw unknown }
        return id
    }

    private func update(_ scope: Scope, _ id: ID<User>, _ change: UserChange) async throws -> User {
        let now = clock()
        return try await database.write { connection in
            let store = UserStore(connection)
            let before = try Self.found(store.find(scope, id))
            try Self.requireRank(scope, above: before)
            var user = try before.changed(by: change, asked: scope.role)
            guard user != before else { return before }
            if before.isActiveAdmin && !user.isActiveAdmin { try Self.requireAnotherAdmin(store, scope) }
            user.updatedAt = now
            try store.update(scope, user)
            if let reason = user.sessionsEnd(since: before) {
                try SessionStore(connection).endAll(scope, of: id, but: nil, because: reason, at: now)
            }
            for action in user.changes(since: before) {
                try AuditStore(connection).append(AuditEntry(scope, action, "user", id.string, at: now))
            }
            return user
        }
    }

    private static var unknown: AppError { AppError(.notFound, "There is no such user.") }

    private static func found(_ user: User?) throws -> User {
        guard let user else { throw unknown }
        return user
    }

    /// An institution's administrator can't change a superuser, who stands above all institutions.
    private static func requireRank(_ scope: Scope, above user: User) throws {
        guard scope.isSuperuser || !user.isSuperuser else {
            throw AppError(.forbidden, "Only a superuser can change a superuser's account.")
        }
    }

    private static func requireAnotherAdmin(_ store: UserStore, _ scope: Scope) throws {
        guard try store.admins(scope) > 1 else {
            throw AppError(.conflict, "This is the institution's last administrator; appoint another one first.")
        }
    }
}
