import Kernel
import Storage

/// A user's account at a provider.
package struct Identity: Sendable, Equatable {
    package let id: ID<Identity>
    let institution: InstitutionID
    let user: UserID
    let issuer: String
    let subject: String
}

/// The rows of accounts at providers, and of sessions that began there.
struct IdentityStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    func find(issuer: String, subject: String) throws -> Identity? {
        try connection.queryOne(
            """
            SELECT id, institution_id, user_id FROM identities WHERE issuer = \(issuer) AND subject = \(subject)
            """
        ).map { row in
            Identity(
                id: try row.get("id"), institution: try row.get("institution_id"), user: try row.get("user_id"),
                issuer: issuer, subject: subject)
        }
    }

    /// The user of an account in the scope's institution.
    func user(_ scope: Scope, of id: ID<Identity>) throws -> UserID? {
        try connection.queryOne(
            "SELECT user_id FROM identities WHERE institution_id = \(scope.institution) AND id = \(id)"
        )?.get("user_id")
    }

    func delete(_ scope: Scope, _ id: ID<Identity>) throws {
        try connection.execute(
            "DELETE FROM identities WHERE institution_id = \(scope.institution) AND id = \(id)")
    }

    /// Whether the user already has an account at this provider.
    func exists(_ user: UserID, issuer: String) throws -> Bool {
        try connection.queryOne(
            "SELECT 1 AS one FROM identities WHERE user_id = \(user) AND issuer = \(issuer)") != nil
    }

    func insert(_ identity: Identity, at time: Timestamp) throws {
        try connection.execute(
            """
            INSERT INTO identities (id, institution_id, user_id, issuer, subject, created_at, last_used_at)
            VALUES (\(identity.id), \(identity.institution), \(identity.user), \(identity.issuer),
                \(identity.subject), \(time), \(time))
            """)
    }

    func markUsed(_ id: ID<Identity>, at time: Timestamp) throws {
        try connection.execute("UPDATE identities SET last_used_at = \(time) WHERE id = \(id)")
    }

    // MARK: Sessions

    /// - Parameter token: the sealed ID token; empty if there is none to hint with.
    func insert(_ session: Session, token: String) throws {
        try connection.execute(
            """
            INSERT INTO provider_sessions (session_id, institution_id, id_token)
            VALUES (\(session.id), \(session.institution), \(token))
            """)
    }

    /// The sealed ID token of an open session; `nil` if it did not begin at a provider.
    func token(of session: SessionID) throws -> String? {
        try connection.queryOne(
            """
            SELECT p.id_token FROM provider_sessions p JOIN sessions s ON s.id = p.session_id
            WHERE p.session_id = \(session) AND s.ended_at IS NULL
            """
        )?.get("id_token")
    }
}
