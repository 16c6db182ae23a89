import Kernel
import Storage

// The account of a person whom the provider has authenticated. It is found by issuer and subject, which never change
// and are never given to another person (OpenID Connect Core 1.0 §5.7), unlike email addresses.

extension SingleSignOnService {
    /// The user to start a session for.
    ///
    /// - Throws: `RefusedAccount`.
    func admitted(_ profile: ProviderProfile, origin: RequestOrigin) async throws -> User {
        let first: Resolution
        do {
            first = try await resolve(profile, origin)
        } catch let error where Self.isLostRace(error) {
            return try await resolve(profile, origin).get()
        }
        // The address may be that of the same person's account, committed between two statements of the search.
        if case .failure(let refusal) = first, refusal.reason == .emailTaken {
            return try await resolve(profile, origin).get()
        }
        return try first.get()
    }

    /// Whether the same person's first sign-in elsewhere has just created the account.
    private static func isLostRace(_ error: any Error) -> Bool {
        if let error = error as? DatabaseError { return error.kind == .uniqueViolation }
        return (error as? AppError)?.fields["email"] != nil
    }

    /// A refusal is a result and not an error, since it may come with changes.
    private typealias Resolution = Result<User, RefusedAccount>

    private func resolve(_ profile: ProviderProfile, _ origin: RequestOrigin) async throws -> Resolution {
        try await sessions.database.write { connection in
            let work = AccountResolution(
                settings: settings, profile: profile, origin: origin, now: sessions.clock(), connection: connection)
            return try work.run()
        }
    }
}

/// The search for one person's account, in one transaction.
private struct AccountResolution {
    let settings: SingleSignOnSettings
    let profile: ProviderProfile
    let origin: RequestOrigin
    let now: Timestamp
    let connection: any DatabaseConnection

    private var users: UserStore { UserStore(connection) }
    private var identities: IdentityStore { IdentityStore(connection) }

    func run() throws -> Result<User, RefusedAccount> {
        if let identity = try identities.find(issuer: settings.issuer, subject: profile.subject) {
            return try existing(identity)
        }
        guard let email = profile.email else { return refused(.noEmail) }
        guard let known = try users.credentials(email: email)?.user else { return try create(email) }
        guard settings.linksVerifiedEmail, profile.isEmailVerified,
            try !identities.exists(known.id, issuer: settings.issuer)
        else { return refused(.emailTaken) }
        return try link(known)
    }

    private func refused(_ reason: SingleSignOnRefusal, _ user: User? = nil) -> Result<User, RefusedAccount> {
        .failure(RefusedAccount(reason: reason, user: user))
    }

    private func scope(_ user: UserID, _ institution: InstitutionID) -> Scope {
        Scope(institution: institution, user: user, role: .doctor, origin: origin)
    }

    private func existing(_ identity: Identity) throws -> Result<User, RefusedAccount> {
        let scope = scope(identity.user, identity.institution)
        try users.lock(scope, identity.user)
        guard let user = try users.find(scope, identity.user) else { return refused(.noAccount) }
        if let reason = obstacle(user) {
            if reason == .noRole {
                // The provider has withdrawn what the open sessions rest on.
                try SessionStore(connection).endAll(scope, of: user.id, but: nil, because: .roleChanged, at: now)
            }
            return refused(reason, user)
        }
        try identities.markUsed(identity.id, at: now)
        return .success(try updated(user))
    }

    /// Why the account cannot be used; `nil` if it can.
    private func obstacle(_ user: User) -> SingleSignOnRefusal? {
        if user.isSuperuser { return .superuser }
        if user.isPending { return .pending }
        if !user.isActive { return .deactivated }
        if settings.institutionClaim != nil, profile.institution != user.institutionID {
            return profile.institution == nil ? .unknownInstitution : .otherInstitution
        }
        return settings.roleClaim != nil && profile.role == nil ? .noRole : nil
    }

    /// Role, names and verified address follow the provider.
    private func updated(_ before: User) throws -> User {
        let scope = scope(before.id, before.institutionID)
        var user = before
        if settings.roleClaim != nil, let role = profile.role { user.role = role }
        if !profile.firstName.isEmpty {
            user.firstName = profile.firstName
            user.lastName = profile.lastName
        }
        if let email = profile.email, profile.isEmailVerified {
            let owner = try users.credentials(email: email)?.user.id
            if owner == nil || owner == user.id {
                user.email = email
                user.isEmailVerified = true
            }
        }
        guard user != before else { return before }
        user.updatedAt = max(now, before.updatedAt.advanced(by: .microseconds(1)))
        try users.update(scope, user)
        if let reason = user.sessionsEnd(since: before) {
            try SessionStore(connection).endAll(scope, of: user.id, but: nil, because: reason, at: now)
        }
        try AuditStore(connection).append(user.entries(since: before, scope, at: now))
        return user
    }

    /// Removes the account's password: a user whom the provider no longer admits must not sign in with an old one.
    private func link(_ user: User) throws -> Result<User, RefusedAccount> {
        if let reason = obstacle(user) { return refused(reason, user) }
        let scope = scope(user.id, user.institutionID)
        try insertIdentity(of: user)
        try users.setPasswordHash(scope, user.id, "", at: now)
        try AuditStore(connection).append(AuditEntry(scope, "user.link_identity", "user", user.id.string, at: now))
        return .success(try updated(user))
    }

    private func create(_ email: String) throws -> Result<User, RefusedAccount> {
        guard settings.registration != .closed else { return refused(.noAccount) }
        guard let institution = profile.institution, try InstitutionStore(connection).find(institution) != nil else {
            return refused(.unknownInstitution)
        }
        guard let role = profile.role else { return refused(.noRole) }
        var user = User(
            id: ID(), institutionID: institution, email: email, firstName: profile.firstName,
            lastName: profile.lastName, role: role, institution: "", specialty: "", phoneNumber: "",
            isEmailVerified: profile.isEmailVerified, createdAt: now, updatedAt: now)
        user.isPending = settings.registration == .approval
        user.isActive = !user.isPending
        try users.insert(user, passwordHash: "")
        try insertIdentity(of: user)
        try AuditStore(connection).append(
            AuditEntry(scope(user.id, institution), "user.register", "user", user.id.string, at: now))
        return user.isPending ? refused(.pending, user) : .success(user)
    }

    private func insertIdentity(of user: User) throws {
        try identities.insert(
            Identity(
                id: ID(), institution: user.institutionID, user: user.id, issuer: settings.issuer,
                subject: profile.subject), at: now)
    }
}
