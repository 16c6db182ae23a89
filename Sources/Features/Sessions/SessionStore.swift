import Kernel
import Storage

/// The rows of sessions and their refresh tokens.
package struct SessionStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    func insert(_ session: Session, origin: RequestOrigin, at time: Timestamp, expiresAt: Timestamp) throws {
        try connection.execute(
            """
            INSERT INTO sessions
                (id, institution_id, user_id, created_at, last_used_at, expires_at, address, user_agent)
            VALUES (\(session.id), \(session.institution), \(session.user), \(time), \(time), \(expiresAt),
                \(origin.address), \(origin.userAgent))
            """)
    }

    func markUsed(_ session: SessionID, at time: Timestamp) throws {
        try connection.execute("UPDATE sessions SET last_used_at = \(time) WHERE id = \(session)")
    }

    /// The user's active sessions, newest first.
    func list(_ principal: Principal, at time: Timestamp) throws -> [SessionSummary] {
        try connection.query(
            """
            SELECT id, created_at, last_used_at, expires_at, address, user_agent FROM sessions
            WHERE institution_id = \(principal.scope.home) AND user_id = \(principal.scope.user)
                AND ended_at IS NULL AND expires_at > \(time)
            ORDER BY created_at DESC, id DESC LIMIT \(Window.plainLimit)
            """
        ).map { row in
            let id: SessionID = try row.get("id")
            return SessionSummary(
                id: id, createdAt: try row.get("created_at"), lastUsedAt: try row.get("last_used_at"),
                expiresAt: try row.get("expires_at"), address: try row.optional("address"),
                userAgent: try row.optional("user_agent"), isCurrent: id == principal.session)
        }
    }

    /// The user of an active session; `nil` if it has ended or its user was deleted.
    ///
    /// The role is read here and not taken from the token, so that a change applies from the next request.
    func principal(_ session: SessionID, origin: RequestOrigin) throws -> Principal? {
        let row = try connection.queryOne(
            """
            SELECT u.id, u.institution_id, u.role, u.is_superuser, s.last_used_at,
                CASE WHEN EXISTS (SELECT 1 FROM case_shares c WHERE c.user_id = u.id) THEN 1 ELSE 0 END AS has_shares,
                CASE WHEN EXISTS (
                    SELECT 1 FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL
                ) THEN 1 ELSE 0 END AS has_second_factor,
                CASE WHEN EXISTS (SELECT 1 FROM provider_sessions p WHERE p.session_id = s.id) THEN 1 ELSE 0 END
                    AS is_from_provider
            FROM sessions s JOIN users u ON u.id = s.user_id
            WHERE s.id = \(session) AND s.ended_at IS NULL AND u.deleted_at IS NULL AND u.is_active = 1
            """)
        return try row.map { row in
            let scope = Scope(
                institution: try row.get("institution_id"), user: try row.get("id"), role: try row.get("role"),
                origin: origin, isSuperuser: try row.get("is_superuser"), hasShares: try row.get("has_shares"),
                session: session)
            var principal = Principal(scope: scope, session: session, lastUsedAt: try row.get("last_used_at"))
            principal.hasSecondFactor = try row.get("has_second_factor")
            principal.isFromProvider = try row.get("is_from_provider")
            return principal
        }
    }

    func find(_ session: SessionID) throws -> Session? {
        try connection.queryOne(
            "SELECT id, institution_id, user_id, ended_at FROM sessions WHERE id = \(session)"
        ).map { row in
            Session(
                id: try row.get("id"), institution: try row.get("institution_id"), user: try row.get("user_id"),
                endedAt: try row.optional("ended_at"))
        }
    }

    /// - Returns: false if it had already ended.
    func end(_ session: SessionID, because reason: Session.End, at time: Timestamp) throws -> Bool {
        try connection.execute(
            """
            UPDATE sessions SET ended_at = \(time), end_reason = \(reason)
            WHERE id = \(session) AND ended_at IS NULL
            """) == 1
    }

    /// Ends all of a user's sessions except `kept`.
    @discardableResult
    func endAll(
        _ scope: Scope, of user: UserID, but kept: SessionID?, because reason: Session.End, at time: Timestamp
    ) throws -> Int {
        let exception: SQL = kept.map { "AND id <> \($0)" } ?? ""
        return try connection.execute(
            """
            UPDATE sessions SET ended_at = \(time), end_reason = \(reason)
            WHERE institution_id = \(scope.institution) AND user_id = \(user) AND ended_at IS NULL \(exception)
            """)
    }

    func insertToken(
        _ token: ID<RefreshToken>, of session: Session, parent: ID<RefreshToken>?, at time: Timestamp,
        expiresAt: Timestamp
    ) throws {
        try connection.execute(
            """
            INSERT INTO refresh_tokens (id, institution_id, session_id, parent_id, issued_at, expires_at)
            VALUES (\(token), \(session.institution), \(session.id), \(parent), \(time), \(expiresAt))
            """)
        try connection.execute(
            "UPDATE sessions SET expires_at = \(expiresAt) WHERE id = \(session.id) AND expires_at < \(expiresAt)")
    }

    func token(_ id: ID<RefreshToken>) throws -> RefreshToken? {
        let row = try connection.queryOne(
            """
            SELECT id, session_id, first_used_at, last_used_at,
                CASE WHEN EXISTS (
                    SELECT 1 FROM refresh_tokens child
                    WHERE child.parent_id = refresh_tokens.id AND child.first_used_at IS NOT NULL
                ) THEN 1 ELSE 0 END AS successor_was_used
            FROM refresh_tokens WHERE id = \(id)
            """)
        return try row.map { row in
            RefreshToken(
                id: try row.get("id"), session: try row.get("session_id"),
                firstUsedAt: try row.optional("first_used_at"), lastUsedAt: try row.optional("last_used_at"),
                successorWasUsed: try row.get("successor_was_used"))
        }
    }

    func markUsed(_ id: ID<RefreshToken>, at time: Timestamp) throws {
        try connection.execute(
            """
            UPDATE refresh_tokens SET first_used_at = COALESCE(first_used_at, \(time)), last_used_at = \(time)
            WHERE id = \(id)
            """)
    }

    /// Sessions whose last token has expired are no longer needed.
    package func deleteExpired(before time: Timestamp) throws -> Int {
        try connection.execute("DELETE FROM sessions WHERE expires_at < \(time)")
    }
}
