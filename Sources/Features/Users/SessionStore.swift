import Storage

/// The rows of sign-ins and of their refresh tokens.
package struct SessionStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    func insert(_ user: User, session: ID<Session>, at time: Timestamp, expiresAt: Timestamp) throws {
        try connection.execute(
            """
            INSERT INTO sessions (id, institution_id, user_id, created_at, expires_at)
            VALUES (\(session), \(user.institutionID), \(user.id), \(time), \(expiresAt))
            """)
    }

    /// Whom a living session belongs to; nil once it has ended or its user is gone.
    ///
    /// The role is read here and not taken from the token, so that a change holds from the next request on.
    func principal(_ session: ID<Session>, origin: RequestOrigin) throws -> Principal? {
        let row = try connection.queryOne(
            """
            SELECT u.id, u.institution_id, u.role FROM sessions s JOIN users u ON u.id = s.user_id
            WHERE s.id = \(session) AND s.ended_at IS NULL AND u.deleted_at IS NULL
            """)
        return try row.map { row in
            let scope = Scope(
                institution: try row.get("institution_id"), user: try row.get("id"), role: try row.get("role"),
                origin: origin)
            return Principal(scope: scope, session: session)
        }
    }

    func find(_ session: ID<Session>) throws -> Session? {
        try connection.queryOne(
            "SELECT id, institution_id, user_id, ended_at FROM sessions WHERE id = \(session)"
        ).map { row in
            Session(
                id: try row.get("id"), institution: try row.get("institution_id"), user: try row.get("user_id"),
                endedAt: try row.optional("ended_at"))
        }
    }

    /// - Returns: false where it had ended before.
    func end(_ session: ID<Session>, because reason: Session.End, at time: Timestamp) throws -> Bool {
        try connection.execute(
            """
            UPDATE sessions SET ended_at = \(time), end_reason = \(reason)
            WHERE id = \(session) AND ended_at IS NULL
            """) == 1
    }

    /// Ends all of a user's sessions but `kept`.
    @discardableResult
    func endAll(
        _ scope: Scope, of user: ID<User>, but kept: ID<Session>?, because reason: Session.End, at time: Timestamp
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

    /// Sessions whose last token has expired are of no more use.
    @discardableResult
    package func deleteExpired(before time: Timestamp) throws -> Int {
        try connection.execute("DELETE FROM sessions WHERE expires_at < \(time)")
    }
}
