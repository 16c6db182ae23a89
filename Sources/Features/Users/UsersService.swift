import Storage

/// Accounts: registering, profiles, passwords, and an admin's view of them.
package struct UsersService: Sendable {
    private let database: any Database
    private let hasher: PasswordHasher
    private let sessions: SessionsService
    private let clock: @Sendable () -> Timestamp

    package init(sessions: SessionsService) {
        database = sessions.database
        hasher = sessions.hasher
        clock = sessions.clock
        self.sessions = sessions
    }

    /// Makes an account in the default institution and signs it in.
    package func register(_ form: Registration, origin: RequestOrigin) async throws -> SignedIn {
        let account = try AccountForm(form)
        let hash = try await hasher.hash(account.password)
        let user = try await insert(account, hash: hash, origin: origin)
        return try await sessions.begin(user, passwordHash: hash, origin: origin)
    }

    /// Makes an administrator of the default institution; for the command line, never for HTTP.
    @discardableResult
    package func createAdmin(_ form: Registration) async throws -> User {
        var account = try AccountForm(form)
        account.role = .admin
        return try await insert(account, hash: try await hasher.hash(account.password), origin: RequestOrigin())
    }

    package func profile(_ scope: Scope) async throws -> User {
        try await database.read { try Self.found(UserStore($0).find(scope, scope.user)) }
    }

    package func updateProfile(_ scope: Scope, _ change: UserChange) async throws -> User {
        try await update(scope, scope.user, change)
    }

    /// Ends every other session of the user.
    package func changePassword(_ principal: Principal, _ form: PasswordChange) async throws {
        let scope = principal.scope
        var check = Validation()
        let fresh = check.password("newPassword", form.newPassword)
        if form.confirmPassword != form.newPassword {
            check.add("confirmPassword", "The two passwords do not match.")
        }
        let stored = try await database.read { try UserStore($0).passwordHash(scope) }
        if try await !hasher.verify(form.currentPassword ?? "", against: stored) {
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
            if user.role == .admin { try Self.requireAnotherAdmin(store, scope) }
            guard try store.markDeleted(scope, id, at: now) else { throw Self.unknown }
            try SessionStore(connection).endAll(scope, of: id, but: nil, because: .userDeleted, at: now)
            try AuditStore(connection).append(AuditEntry(scope, "user.delete", "user", id.string, at: now))
        }
    }

    // MARK: Parts

    private func insert(_ account: AccountForm, hash: String, origin: RequestOrigin) async throws -> User {
        guard let institution = ID<Institution>(Institution.defaultID) else { throw Self.unknown }
        let now = clock()
        let user = User(
            id: ID(), institutionID: institution, email: account.email, firstName: account.firstName,
            lastName: account.lastName, role: account.role, institution: account.institution,
            specialty: account.specialty, phoneNumber: "", isEmailVerified: false, createdAt: now, updatedAt: now)
        try await database.write { connection in
            try UserStore(connection).insert(user, passwordHash: hash)
            try AuditStore(connection).append(
                AuditEntry(
                    institution: institution, actor: user.id, origin: origin, action: "user.register",
                    objectType: "user", objectID: user.id.string, at: now))
        }
        return user
    }

    private func update(_ scope: Scope, _ id: ID<User>, _ change: UserChange) async throws -> User {
        let now = clock()
        return try await database.write { connection in
            let store = UserStore(connection)
            let before = try Self.found(store.find(scope, id))
            var user = try before.changed(by: change, asked: scope.role)
            guard user != before else { return before }
            if before.role == .admin && user.role != .admin { try Self.requireAnotherAdmin(store, scope) }
            user.updatedAt = now
            try store.update(scope, user)
            try AuditStore(connection).append(AuditEntry(scope, "user.update", "user", id.string, at: now))
            return user
        }
    }

    private static var unknown: AppError { AppError(.notFound, "There is no such user.") }

    private static func found(_ user: User?) throws -> User {
        guard let user else { throw unknown }
        return user
    }

    private static func requireAnotherAdmin(_ store: UserStore, _ scope: Scope) throws {
        guard try store.admins(scope) > 1 else {
            throw AppError(.conflict, "This is the institution's last administrator; appoint another one first.")
        }
    }
}

extension User {
    /// The checked result of a partial change. A role that stays as it is may be sent by anyone, since clients send
    /// whole profiles.
    func changed(by change: UserChange, asked asker: Role) throws -> User {
        var user = self
        var check = Validation()
        if let text = change.firstName { user.firstName = check.text("firstName", text, required: true, atMost: 150) }
        if let text = change.lastName { user.lastName = check.text("lastName", text, required: true, atMost: 150) }
        if let text = change.email {
            user.email = check.email("email", text)
            if user.email != email { user.isEmailVerified = false }
        }
        user.institution = check.text("institution", change.institution.applied(to: institution), atMost: 200)
        user.specialty = check.text("specialty", change.specialty.applied(to: specialty), atMost: 200)
        user.phoneNumber = check.text("phoneNumber", change.phoneNumber.applied(to: phoneNumber), atMost: 40)
        if let text = change.role, text != role.rawValue {
            if asker != .admin {
                check.add("role", "Only an administrator can change a role.")
            } else if let known = Role(rawValue: text) {
                user.role = known
            } else {
                check.add("role", "The role is one of doctor, radiologist, researcher, admin.")
            }
        }
        if let verified = change.isEmailVerified, asker == .admin { user.isEmailVerified = verified }
        try check.finish()
        return user
    }
}
