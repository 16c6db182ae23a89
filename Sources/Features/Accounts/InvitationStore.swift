import Kernel
import Storage

/// The rows of invitations.
struct InvitationStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    func insert(_ scope: Scope, _ invitation: Invitation, token: InvitationToken) throws {
        try connection.execute(
            """
            INSERT INTO invitations
                (id, institution_id, role, email, token_digest, created_by, created_at, expires_at)
            VALUES (\(invitation.id), \(scope.institution), \(invitation.role), \(invitation.email), \(token.digest),
                \(scope.user), \(invitation.createdAt), \(invitation.expiresAt))
            """)
    }

    func list(_ scope: Scope, limit: Int) throws -> [Invitation] {
        try connection.query(
            """
            SELECT * FROM invitations WHERE institution_id = \(scope.institution)
            ORDER BY created_at DESC, id DESC LIMIT \(limit)
            """
        ).map(Invitation.init)
    }

    /// For registration: the token identifies the institution, so no scope applies.
    func find(_ token: InvitationToken) throws -> Invitation? {
        try connection.queryOne("SELECT * FROM invitations WHERE token_digest = \(token.digest)").map(Invitation.init)
    }

    /// For registration; the second of two concurrent uses finds it used.
    func markUsed(_ id: ID<Invitation>, by user: UserID, at time: Timestamp) throws -> Bool {
        try connection.execute(
            """
            UPDATE invitations SET used_at = \(time), used_by = \(user)
            WHERE id = \(id) AND used_at IS NULL AND revoked_at IS NULL AND expires_at > \(time)
            """) == 1
    }

    /// - Returns: false if the institution has no such invitation, or it was used or revoked before.
    func revoke(_ scope: Scope, _ id: ID<Invitation>, at time: Timestamp) throws -> Bool {
        try connection.execute(
            """
            UPDATE invitations SET revoked_at = \(time)
            WHERE institution_id = \(scope.institution) AND id = \(id) AND used_at IS NULL AND revoked_at IS NULL
            """) == 1
    }
}

extension Invitation {
    init(_ row: SQLRow) throws {
        id = try row.get("id")
        institution = try row.get("institution_id")
        role = try row.get("role")
        email = try row.optional("email")
        createdAt = try row.get("created_at")
        expiresAt = try row.get("expires_at")
        usedAt = try row.optional("used_at")
        revokedAt = try row.optional("revoked_at")
    }
}
