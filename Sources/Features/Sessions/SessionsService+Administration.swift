import Kernel
import Storage

// For administrators: ends sessions of the institution's users immediately, including access tokens.

extension SessionsService {
    package func end(_ scope: Scope, _ id: SessionID) async throws {
        try Policy.require(.changeUsers, scope)
        let now = clock()
        try await database.write { connection in
            guard let session = try SessionStore(connection).find(id) else {
                throw AppError(.notFound, "Session not found.")
            }
            try Self.end(scope, session, at: now, on: connection)
        }
    }

    /// Ends the session that a refresh token belongs to.
    package func end(_ scope: Scope, holding token: ID<RefreshToken>) async throws {
        try Policy.require(.changeUsers, scope)
        let now = clock()
        try await database.write { connection in
            let store = SessionStore(connection)
            guard let id = try store.token(token)?.session, let session = try store.find(id) else {
                throw AppError(.notFound, "Token not found.")
            }
            try Self.end(scope, session, at: now, on: connection)
        }
    }

    package func endAll(_ scope: Scope, of user: UserID) async throws {
        try Policy.require(.changeUsers, scope)
        let now = clock()
        try await database.write { connection in
            guard let owner = try UserStore(connection).find(scope, user) else {
                throw AppError(.notFound, "User not found.")
            }
            try Policy.requireRank(scope, aboveSuperuser: owner.isSuperuser)
            let ended = try SessionStore(connection).endAll(scope, of: user, but: nil, because: .endedByUser, at: now)
            guard ended > 0 else { return }
            try AuditStore(connection).append(AuditEntry(scope, "user.end_sessions", "user", user.string, at: now))
        }
    }

    private static func end(
        _ scope: Scope, _ session: Session, at now: Timestamp, on connection: any DatabaseConnection
    ) throws {
        guard session.institution == scope.institution else { throw AppError(.notFound, "Session not found.") }
        // The sessions of a deleted account ended with it.
        if let owner = try UserStore(connection).find(scope, session.user) {
            try Policy.requireRank(scope, aboveSuperuser: owner.isSuperuser)
        }
        guard try SessionStore(connection).end(session.id, because: .endedByUser, at: now) else { return }
        try AuditStore(connection).append(AuditEntry(scope, "session.end", "session", session.id.string, at: now))
    }
}
