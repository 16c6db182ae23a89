import Storage

/// Signing in, staying signed in and signing out.
package struct SessionsService: Sendable {
    let database: any Database
    let hasher: PasswordHasher
    let signer: TokenSigner
    let settings: SessionSettings
    let clock: @Sendable () -> Timestamp

    package init(
        database: any Database, hasher: PasswordHasher, signer: TokenSigner,
        settings: SessionSettings = SessionSettings(), clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.hasher = hasher
        self.signer = signer
        self.settings = settings
        self.clock = clock
    }

    /// An unknown address and a wrong password give the same answer after the same time.
    package func login(email: String, password: String, origin: RequestOrigin) async throws -> SignedIn {
        let address = email.trimmed.lowercased()
        let isStorable = address.utf8.allSatisfy { $0 > 32 && $0 < 127 }
        let known = isStorable ? try await database.read { try UserStore($0).credentials(email: address) } : nil
        guard try await hasher.verify(password, against: known?.passwordHash), let user = known?.user else {
            try await recordRefusal(of: known?.user, origin: origin)
            throw AppError(.unauthenticated, "Invalid credentials")
        }
        return try await begin(user, passwordHash: known?.passwordHash, origin: origin)
    }

    /// Whom `accessToken` stands for; a session that has ended is known at once.
    package func authenticate(_ accessToken: String, origin: RequestOrigin) async throws -> Principal {
        guard let claims = await signer.claims(accessToken, use: .access, at: clock()),
            let principal = try await database.read({
                try SessionStore($0).principal(claims.session, origin: origin)
            }), principal.scope.user == claims.user
        else { throw AppError(.unauthenticated, "The access token is not valid or has expired.") }
        return principal
    }

    /// Exchanges a refresh token; one that was exchanged long ago ends its whole session.
    package func refresh(_ token: String, origin: RequestOrigin) async throws -> TokenPair {
        let now = clock()
        guard let claims = await signer.claims(token, use: .refresh, at: now) else { throw Self.refusal }
        let next = ID<RefreshToken>()
        let expiry = now.advanced(by: settings.refreshLifetime)
        let isAccepted = try await database.write { [settings] connection in
            let store = SessionStore(connection)
            guard let session = try store.find(claims.session), session.endedAt == nil,
                let presented = try store.token(claims.id), presented.session == session.id
            else { return false }
            guard presented.isGood(at: now, settings) else {
                try Self.end(session, because: .replay, at: now, origin: origin, on: connection)
                return false
            }
            try store.markUsed(presented.id, at: now)
            try store.insertToken(next, of: session, parent: presented.id, at: now, expiresAt: expiry)
            return try store.principal(session.id, origin: origin) != nil
        }
        guard isAccepted else { throw Self.refusal }
        return try await tokens(claims.user, claims.institution, session: claims.session, refresh: next, at: now)
    }

    /// Ends the session that `refreshToken` belongs to with all of its tokens; doing it again is no error.
    package func logout(refreshToken: String, origin: RequestOrigin) async throws {
        let now = clock()
        guard let claims = await signer.claims(refreshToken, use: .refresh, at: now) else {
            throw AppError.invalid("refresh", "The refresh token is not valid or has expired.")
        }
        try await database.write { connection in
            guard let session = try SessionStore(connection).find(claims.session) else { return }
            try Self.end(session, because: .logout, at: now, origin: origin, on: connection)
        }
    }

    /// Forgets sessions that expired; run it now and then.
    package func deleteExpired() async throws {
        let now = clock()
        try await database.write { _ = try SessionStore($0).deleteExpired(before: now) }
    }

    // MARK: Parts

    /// A session with its first tokens for a user who has been checked. `passwordHash` must still be the stored one,
    /// so that a change of password in between wins.
    func begin(_ user: User, passwordHash: String?, origin: RequestOrigin) async throws -> SignedIn {
        let now = clock()
        let session = Session(id: ID(), institution: user.institutionID, user: user.id, endedAt: nil)
        let token = ID<RefreshToken>()
        let expiry = now.advanced(by: settings.refreshLifetime)
        try await database.write { connection in
            guard try UserStore(connection).credentials(email: user.email)?.passwordHash == passwordHash else {
                throw AppError(.unauthenticated, "Invalid credentials")
            }
            let store = SessionStore(connection)
            try store.insert(user, session: session.id, at: now, expiresAt: expiry)
            try store.insertToken(token, of: session, parent: nil, at: now, expiresAt: expiry)
            try AuditStore(connection).append(
                AuditEntry(
                    institution: user.institutionID, actor: user.id, origin: origin, action: "session.start",
                    objectType: "session", objectID: session.id.string, at: now))
        }
        let tokens = try await tokens(user.id, user.institutionID, session: session.id, refresh: token, at: now)
        return SignedIn(user: user, tokens: tokens)
    }

    private static var refusal: AppError {
        AppError(.unauthenticated, "The refresh token is not valid or has expired; sign in again.")
    }

    private func tokens(
        _ user: ID<User>, _ institution: ID<Institution>, session: ID<Session>, refresh: ID<RefreshToken>,
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

    private func recordRefusal(of user: User?, origin: RequestOrigin) async throws {
        guard let institution = user?.institutionID ?? ID(Institution.defaultID) else { return }
        let entry = AuditEntry(
            institution: institution, actor: nil, origin: origin, action: "session.start", objectType: "user",
            objectID: user?.id.string, outcome: .refused, at: clock())
        try await database.write { try AuditStore($0).append(entry) }
    }
}

extension RefreshToken {
    /// A first use is good; a repeated one within the grace that the client's habit earns it.
    func isGood(at now: Timestamp, _ settings: SessionSettings) -> Bool {
        guard let firstUsedAt, let lastUsedAt else { return true }
        return successorWasUsed
            ? now.since(firstUsedAt) <= settings.rotatedGrace : now.since(lastUsedAt) <= settings.heldGrace
    }
}
