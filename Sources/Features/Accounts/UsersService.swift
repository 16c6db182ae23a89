import Kernel
import Storage

/// Accounts: registration, profiles, passwords, and their administration.
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

    /// The operator's settings for accounts.
    package var accounts: AccountSettings { settings }

    package func profile(_ scope: Scope) async throws -> User {
        try await database.read { try Self.found(UserStore($0).find(scope.atHome, scope.user)) }
    }

    /// False for an account of an identity provider.
    package func hasPassword(_ scope: Scope) async throws -> Bool {
        try await database.read { try UserStore($0).passwordHash(scope.atHome)?.isEmpty == false }
    }

    /// Changing the email address requires the password.
    package func updateProfile(_ scope: Scope, _ change: UserChange) async throws -> User {
        try await admitNewEmail(scope.atHome, scope.user, change)
        return try await update(scope.atHome, scope.user, change)
    }

    // MARK: An admin's part

    package func list(_ scope: Scope) async throws -> UserDirectory {
        try Policy.require(.readUsers, scope)
        return try await database.read { connection in
            let store = UserStore(connection)
            return UserDirectory(
                users: try store.list(scope, limit: Window.plainLimit), stats: try store.statistics(scope))
        }
    }

    package func user(_ scope: Scope, _ id: UserID) async throws -> User {
        try Policy.require(.readUsers, scope)
        return try await database.read { try Self.found(UserStore($0).find(scope, id)) }
    }

    /// - Parameter precondition: the last modification, in microseconds, known to the client.
    package func updateUser(
        _ scope: Scope, _ id: UserID, _ change: UserChange, if precondition: Precondition = .none
    ) async throws -> User {
        try Policy.require(.changeUsers, scope)
        try await admitNewEmail(scope, id, change)
        return try await update(scope, id, change, if: precondition)
    }

    /// Makes the account unusable; its cases and reports keep its name.
    package func delete(_ scope: Scope, _ id: UserID) async throws {
        try Policy.require(.changeUsers, scope)
        let now = clock()
        try await database.write { connection in
            let store = UserStore(connection)
            try Self.lockAdministrators(scope, connection)
            let user = try Self.found(store.find(scope, id))
            try Policy.requireRank(scope, aboveSuperuser: user.isSuperuser)
            if user.isActiveAdmin { try Self.requireAnotherAdmin(store, scope) }
            guard try store.markDeleted(scope, id, at: now) else { throw Self.unknown }
            try SessionStore(connection).endAll(scope, of: id, but: nil, because: .userDeleted, at: now)
            try AuditStore(connection).append(AuditEntry(scope, "user.delete", "user", id.string, at: now))
        }
    }

    // MARK: Parts

    /// Changing one's own email address requires the password, since the mailbox's owner controls the account. Attempts
    /// are limited, since the response reveals whether an address is taken.
    private func admitNewEmail(_ scope: Scope, _ id: UserID, _ change: UserChange) async throws {
        guard let email = change.email?.trimmed.lowercased(),
            let user = try await database.read({ try UserStore($0).find(scope, id) }), user.email != email
        else { return }
        if id == scope.user {
            guard let password = change.currentPassword, !password.isEmpty else {
                throw AppError.invalid(
                    "currentPassword", "Enter your current password to change your email address.")
            }
            try await sessions.requireOwn(password, scope, field: "currentPassword")
        }
        try await sessions.admit(
            [Attempt(rule: sessions.settings.throttling.emailChanges, name: scope.user.string)], scope)
    }

    /// - Parameter check: rejects the account's state in this transaction.
    func update(
        _ scope: Scope, _ id: UserID, _ change: UserChange, if precondition: Precondition = .none,
        _ check: @escaping @Sendable (User) throws -> Void = { _ in }
    ) async throws -> User {
        let now = clock()
        return try await database.write { connection in
            let store = UserStore(connection)
            if change.role != nil || change.isActive != nil { try Self.lockAdministrators(scope, connection) }
            try store.lock(scope, id)
            let before = try Self.found(store.find(scope, id))
            try Policy.requireRank(scope, aboveSuperuser: before.isSuperuser)
            try check(before)
            try precondition.check(before.updatedAt.microseconds)
            var user = try before.changed(by: change, asked: scope.role)
            guard user != before else { return before }
            if before.isActiveAdmin && !user.isActiveAdmin { try Self.requireAnotherAdmin(store, scope) }
            // Increases even if the clock was set back: the time serves as the revision.
            user.updatedAt = max(now, before.updatedAt.advanced(by: .microseconds(1)))
            try store.update(scope, user)
            if let reason = user.sessionsEnd(since: before) {
                try SessionStore(connection).endAll(scope, of: id, but: nil, because: reason, at: now)
            }
            try AuditStore(connection).append(user.entries(since: before, scope, at: now))
            return user
        }
    }

    static var unknown: AppError { AppError(.notFound, "User not found.") }

    static func found(_ user: User?) throws -> User {
        guard let user else { throw unknown }
        return user
    }

    /// Prevents two administrators from demoting each other concurrently: each would see the other as the remaining
    /// one.
    private static func lockAdministrators(_ scope: Scope, _ connection: any DatabaseConnection) throws {
        try InstitutionStore(connection).lock(scope.institution)
    }

    private static func requireAnotherAdmin(_ store: UserStore, _ scope: Scope) throws {
        guard try store.admins(scope) > 1 else { throw lastAdministrator }
    }

    package static let lastAdministrator = AppError(
        .conflict, "This is the last administrator of the institution. Appoint another one first.")
}
