import Storage

/// Accounts: registering, profiles, passwords, and an admin's view of them.
package struct UsersService: Sendable {
    let database: any Database
    let settings: AccountSettings
    let clock: @Sendable () -> Timestamp
    package let sessions: SessionsService
    let hasher: PasswordHasher

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
        try await sessions.admit(
            origin.address.map { [Attempt(rule: rule, address: $0)] } ?? [], on: nil, in: invitation?.institution,
            origin: origin)
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

    /// - Parameter precondition: the time of the last change, in microseconds, that the client has seen.
    package func updateUser(
        _ scope: Scope, _ id: ID<User>, _ change: UserChange, if precondition: Precondition = .none
    ) async throws -> User {
        try Policy.require(.changeUsers, scope)
        return try await update(scope, id, change, if: precondition)
    }

    /// The account can't be used any more; what it made stays with its name.
    package func delete(_ scope: Scope, _ id: ID<User>) async throws {
        try Policy.require(.changeUsers, scope)
        let now = clock()
        try await database.write { connection in
            let store = UserStore(connection)
            let user = try Self.found(store.find(scope, id))
            try Policy.requireRank(scope, above: user)
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

    private func update(
        _ scope: Scope, _ id: ID<User>, _ change: UserChange, if precondition: Precondition = .none
    ) async throws -> User {
        let now = clock()
        return try await database.write { connection in
            let store = UserStore(connection)
            try store.lock(scope, id)
            let before = try Self.found(store.find(scope, id))
            try Policy.requireRank(scope, above: before)
            try precondition.check(before.updatedAt.microseconds)
            var user = try before.changed(by: change, asked: scope.role)
            guard user != before else { return before }
            if before.isActiveAdmin && !user.isActiveAdmin { try Self.requireAnotherAdmin(store, scope) }
            // Later than before also where the clock was set back: the time stands for the revision.
            user.updatedAt = max(now, before.updatedAt.advanced(by: .microseconds(1)))
            try store.update(scope, user)
            if let reason = user.sessionsEnd(since: before) {
                try SessionStore(connection).endAll(scope, of: id, but: nil, because: reason, at: now)
            }
            try AuditStore(connection).append(user.entries(since: before, scope, at: now))
            return user
        }
    }

    private static var unknown: AppError { AppError(.notFound, "There is no such user.") }

    static func found(_ user: User?) throws -> User {
        guard let user else { throw unknown }
        return user
    }

    private static func requireAnotherAdmin(_ store: UserStore, _ scope: Scope) throws {
        guard try store.admins(scope) > 1 else {
            throw AppError(.conflict, "This is the institution's last administrator; appoint another one first.")
        }
    }
}
