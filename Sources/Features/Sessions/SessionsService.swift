import Kernel
import Storage

/// Sign-in, token refresh and sign-out.
package struct SessionsService: Sendable {
    package let database: any Database
    let hasher: PasswordHasher
    let signer: TokenSigner
    let audit: AuditService
    let settings: SessionSettings
    let throttle: Throttle
    package let refusals = SignInRefusals()
    package let clock: @Sendable () -> Timestamp

    package init(
        database: any Database, hasher: PasswordHasher, signer: TokenSigner, audit: AuditService? = nil,
        settings: SessionSettings = SessionSettings(), clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.hasher = hasher
        self.signer = signer
        self.audit = audit ?? AuditService(database: database)
        self.settings = settings
        self.clock = clock
        throttle = Throttle(database: database, box: signer.box, clock: clock)
    }

    /// The lifetimes of sign-ins.
    package var lifetimes: SessionSettings { settings }

    /// An unknown address and a wrong password give the same response after the same time.
    ///
    /// - Parameters:
    ///   - code: the second factor's code, if the user has one.
    ///   - devices: the browser's cookie of earlier sign-ins (`deviceCookie`).
    package func login(
        email: String, password: String, code: String? = nil, devices: String? = nil, origin: RequestOrigin
    ) async throws -> SignedIn {
        do {
            return try await signIn(email: email, password: password, code: code, devices: devices, origin: origin)
        } catch let error as AppError where error.code == .tooManyRequests {
            refusals.count(.throttled)
            throw error
        }
    }

    private func signIn(
        email: String, password: String, code: String?, devices: String?, origin: RequestOrigin
    ) async throws -> SignedIn {
        let address = email.trimmed.lowercased()
        let isStorable = address.utf8.allSatisfy { $0 > 32 && $0 < 127 }
        let known = isStorable ? try await database.read { try UserStore($0).credentials(email: address) } : nil
        let attempts = try await signInAttempts(on: address, of: known?.user.id, devices: devices, origin: origin)
        try await admit(attempts, on: known?.user.id, in: known?.user.institutionID, origin: origin)
        let matches = try await hasher.verify(password, against: known?.usablePasswordHash)
        guard matches, let known, known.user.isActive || known.user.isPending else {
            try await recordRefusal(.credentials, of: known?.user, origin: origin)
            throw AppError(.unauthenticated, "Invalid credentials")
        }
        guard !known.user.isPending else {
            try await recordRefusal(.pending, of: known.user, origin: origin)
            throw AppError(
                .approvalPending, "Your account is pending approval by an administrator.")
        }
        guard try await secondFactors.check(known.user, code: code, origin: origin) else {
            try await recordRefusal(.code, of: known.user, origin: origin)
            throw AppError(.unauthenticated, "Incorrect or already used code.")
        }
        let hash = try await renewedHash(known, password: password, origin: origin)
        let signedIn = try await begin(known.user, passwordHash: hash, origin: origin)
        try await throttle.forgive(attempts, account: settings.throttling.account)
        return signedIn
    }

    /// The attempts that a try on an account counts as.
    func attempts(on name: String, origin: RequestOrigin) -> [Attempt] {
        var attempts = [Attempt(rule: settings.throttling.account, name: name)]
        if let address = origin.address {
            attempts.append(Attempt(rule: settings.throttling.address, address: address))
        }
        return attempts
    }

    /// Whether `password` is the signed-in user's; wrong ones are counted as at sign-in.
    func isOwn(_ password: String, _ scope: Scope) async throws -> Bool {
        let attempts = attempts(on: "password \(scope.user)", origin: scope.origin)
        try await admit(attempts, scope)
        let stored = try await database.read { try UserStore($0).passwordHash(scope) }
        guard stored?.isEmpty != true else { throw Self.passwordless }
        guard try await hasher.verify(password, against: stored) else { return false }
        try await throttle.forgive(attempts, account: settings.throttling.account)
        return true
    }

    /// For accounts of an identity provider.
    static let passwordless = AppError(
        .conflict,
        "This account signs in through single sign-on and has no password. Its email address, password and two-factor authentication are managed by the identity provider."
    )

    /// For operations for which an unattended session must not be enough.
    ///
    /// - Parameter field: the form's password field.
    func requireOwn(_ password: String, _ scope: Scope, field: String) async throws {
        guard !password.isEmpty else { throw AppError.invalid(field, "This field is required.") }
        guard try await isOwn(password, scope) else {
            throw AppError.invalid(field, "Incorrect password.")
        }
    }

    func requiresSecondFactor(_ scope: Scope) -> Bool {
        settings.requiresAdminSecondFactor && (scope.role == .admin || scope.isSuperuser)
    }

    /// The stored hash, recomputed if it was imported or the cost has changed.
    private func renewedHash(_ known: Credentials, password: String, origin: RequestOrigin) async throws -> String {
        guard hasher.isOutdated(known.passwordHash) else { return known.passwordHash }
        let fresh = try await hasher.hash(password)
        let user = known.user
        let now = clock()
        return try await database.write { connection in
            guard try UserStore(connection).replaceHash(of: user.id, known.passwordHash, by: fresh) else {
                return known.passwordHash
            }
            try AuditStore(connection).append(
                AuditEntry(
                    institution: user.institutionID, actor: user.id, origin: origin, action: "user.rehash_password",
                    objectType: "user", objectID: user.id.string, at: now))
            return fresh
        }
    }

    /// The user of `accessToken`; an ended session is detected immediately. A superuser may specify the institution to
    /// act in.
    package func authenticate(
        _ accessToken: String, origin: RequestOrigin, institution: InstitutionID? = nil
    ) async throws -> Principal {
        try await authenticate(accessToken, as: .access, origin: origin, institution: institution)
    }

    func authenticate(
        _ token: String, as use: SessionClaims.Use, origin: RequestOrigin, institution: InstitutionID?
    ) async throws -> Principal {
        let now = clock()
        guard let claims = await signer.claims(token, use: use, at: now),
            var principal = try await database.read({
                try SessionStore($0).principal(claims.session, origin: origin)
            }), principal.scope.user == claims.user
        else { throw AppError(.unauthenticated, "The access token is invalid or has expired.") }
        principal.mustEnrol =
            !principal.hasSecondFactor && !principal.isFromProvider && requiresSecondFactor(principal.scope)
        principal.tokenExpiresAt = Timestamp(microseconds: Int64(claims.expiresAt * 1_000_000))
        principal.needsRenewal = (claims.expiresAt - now.seconds) * 2 < claims.expiresAt - claims.issuedAt
        if now.since(principal.lastUsedAt) > settings.useInterval {
            // The request itself needs no write, so a busy database must not fail it.
            try? await database.write { try SessionStore($0).markUsed(claims.session, at: now) }
        }
        guard let institution, institution != principal.scope.home else { return principal }
        return try await visiting(principal, institution)
    }

    /// Other users learn nothing about other institutions.
    private func visiting(_ principal: Principal, _ institution: InstitutionID) async throws -> Principal {
        guard principal.scope.isSuperuser,
            try await database.read({ try InstitutionStore($0).find(institution) }) != nil
        else { throw AppError(.notFound, "Institution not found.") }
        return principal.visiting(institution)
    }

    /// The user's active sessions.
    package func list(_ principal: Principal) async throws -> [SessionSummary] {
        let now = clock()
        return try await database.read { try SessionStore($0).list(principal, at: now) }
    }

    /// Ends one of the user's own sessions with all its tokens.
    package func end(_ principal: Principal, _ id: SessionID) async throws {
        let now = clock()
        try await database.write { connection in
            guard let session = try SessionStore(connection).find(id), session.endedAt == nil,
                session.user == principal.scope.user
            else { throw AppError(.notFound, "Session not found.") }
            try Self.end(session, because: .endedByUser, at: now, origin: principal.scope.origin, on: connection)
        }
    }

    /// Exchanges a refresh token; reuse of one that was exchanged long ago ends the whole session.
    package func refresh(_ token: String, origin: RequestOrigin) async throws -> TokenPair {
        let now = clock()
        guard let claims = await signer.claims(token, use: .refresh, at: now) else {
            try await recordRefusal(of: await owner(of: token, .refresh), "session.refresh", origin)
            throw Self.refusal
        }
        let next = ID<RefreshToken>()
        let expiry = now.advanced(by: settings.refreshLifetime)
        let outcome: AuditEntry.Outcome = try await database.write { [settings] connection in
            let store = SessionStore(connection)
            guard let session = try store.find(claims.session), session.endedAt == nil,
                let presented = try store.token(claims.id), presented.session == session.id
            else { return .refused }
            guard presented.isGood(at: now, settings) else {
                try Self.end(session, because: .replay, at: now, origin: origin, on: connection)
                // Recorded with the session's end.
                return .failed
            }
            try store.markUsed(presented.id, at: now)
            try store.markUsed(session.id, at: now)
            try store.insertToken(next, of: session, parent: presented.id, at: now, expiresAt: expiry)
            guard try store.principal(session.id, origin: origin) != nil else { return .refused }
            try AuditStore(connection).append(
                AuditEntry(
                    institution: session.institution, actor: session.user, origin: origin, action: "session.refresh",
                    objectType: "session", objectID: session.id.string, at: now))
            return .done
        }
        if outcome == .refused {
            try await recordRefusal(of: await owner(of: token, .refresh), "session.refresh", origin)
        }
        guard outcome == .done else { throw Self.refusal }
        return try await tokens(claims.user, claims.institution, session: claims.session, refresh: next, at: now)
    }

    /// Ends the session of `refreshToken` with all its tokens; repeating it is not an error.
    package func logout(refreshToken: String, origin: RequestOrigin) async throws {
        let now = clock()
        guard let claims = await signer.claims(refreshToken, use: .refresh, at: now) else {
            throw AppError.invalid("refresh", "The refresh token is invalid or has expired.")
        }
        try await database.write { connection in
            guard let session = try SessionStore(connection).find(claims.session) else { return }
            try Self.end(session, because: .logout, at: now, origin: origin, on: connection)
        }
    }

    /// Deletes expired sessions and attempts; run it periodically.
    ///
    /// - Returns: the number of deleted sessions.
    @discardableResult
    package func deleteExpired() async throws -> Int {
        let now = clock()
        let forgotten = now.advanced(by: Duration.zero - settings.deviceLifetime)
        let count = try await database.write { connection in
            try KnownAddressStore(connection).deleteUnused(since: forgotten)
            return try SessionStore(connection).deleteExpired(before: now)
        }
        try await throttle.deleteFree()
        return count
    }

    // MARK: Parts

    /// Starts a session for an authenticated user. `passwordHash` must still be the stored one, so that a concurrent
    /// change of password takes precedence.
    ///
    /// - Parameters:
    ///   - passwordHash: empty for an account of an identity provider.
    ///   - record: writes what belongs to the session, in its transaction.
    func begin(
        _ user: User, passwordHash: String?, origin: RequestOrigin,
        recording record: @escaping @Sendable (any DatabaseConnection, Session) throws -> Void = { _, _ in }
    ) async throws -> SignedIn {
        let now = clock()
        let session = Session(id: ID(), institution: user.institutionID, user: user.id, endedAt: nil)
        let token = ID<RefreshToken>()
        let expiry = now.advanced(by: settings.refreshLifetime)
        try await database.write { connection in
            guard let stored = try UserStore(connection).credentials(email: user.email),
                stored.passwordHash == passwordHash, stored.user.isActive
            else { throw AppError(.unauthenticated, "Invalid credentials") }
            let store = SessionStore(connection)
            try store.insert(session, origin: origin, at: now, expiresAt: expiry)
            try store.insertToken(token, of: session, parent: nil, at: now, expiresAt: expiry)
            try record(connection, session)
            try remember(origin, of: user.id, at: now, on: connection)
            try AuditStore(connection).append(
                AuditEntry(
                    institution: user.institutionID, actor: user.id, origin: origin, action: "session.start",
                    objectType: "session", objectID: session.id.string, at: now))
        }
        let tokens = try await tokens(user.id, user.institutionID, session: session.id, refresh: token, at: now)
        return SignedIn(user: user, tokens: tokens)
    }

    private static var refusal: AppError {
        AppError(.unauthenticated, "The refresh token is invalid or has expired. Sign in again.")
    }

    private func tokens(
        _ user: UserID, _ institution: InstitutionID, session: SessionID, refresh: ID<RefreshToken>,
        at now: Timestamp
    ) async throws -> TokenPair {
        func claims(_ use: SessionClaims.Use, _ id: ID<RefreshToken>, _ lifetime: Duration) -> SessionClaims {
            SessionClaims(
                use: use, user: user, institution: institution, session: session, id: id,
                issuedAt: now.seconds, expiresAt: now.advanced(by: lifetime).seconds)
        }
        return TokenPair(
            access: try await signer.sign(claims(.access, ID(), settings.accessLifetime)),
            refresh: try await signer.sign(claims(.refresh, refresh, settings.refreshLifetime)))
    }

    private static func end(
        _ session: Session, because reason: Session.End, at now: Timestamp, origin: RequestOrigin,
        on connection: any DatabaseConnection
    ) throws {
        guard try SessionStore(connection).end(session.id, because: reason, at: now) else { return }
        try AuditStore(connection).append(
            AuditEntry(
                institution: session.institution, actor: session.user, origin: origin,
                action: reason == .replay ? "session.replay" : "session.end", objectType: "session",
                objectID: session.id.string, outcome: reason == .replay ? .refused : .done, at: now))
    }
}

extension RefreshToken {
    /// A first use is valid; a repeated one is valid within the grace period that applies to the client.
    func isGood(at now: Timestamp, _ settings: SessionSettings) -> Bool {
        guard let firstUsedAt, let lastUsedAt else { return true }
        return successorWasUsed
            ? now.since(firstUsedAt) <= settings.rotatedGrace : now.since(lastUsedAt) <= settings.heldGrace
    }
}
