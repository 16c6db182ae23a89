import Storage

/// One sign-in: the family of the refresh tokens that descend from it.
package struct Session: Sendable, Equatable {
    /// Why a session ended.
    package enum End: String, Sendable, SQLConvertible {
        case logout
        case passwordChanged = "password_changed"
        case replay
        case userDeleted = "user_deleted"
    }

    package let id: ID<Session>
    package let institution: ID<Institution>
    package let user: ID<User>
    package let endedAt: Timestamp?
}

/// One refresh token's life; the token itself is signed and stored nowhere.
package struct RefreshToken: Sendable, Equatable {
    package let id: ID<RefreshToken>
    let session: ID<Session>
    let firstUsedAt: Timestamp?
    let lastUsedAt: Timestamp?
    /// Whether the client has come back with a token that this one was exchanged for.
    let successorWasUsed: Bool
}

/// Two tokens for a client: one for an hour of requests, one to get the next.
package struct TokenPair: Sendable, Equatable, Encodable {
    package let access: String
    package let refresh: String
}

/// Somebody who just proved who they are.
package struct SignedIn: Sendable {
    package let user: User
    package let tokens: TokenPair
}

/// Whom an access token stands for.
package struct Principal: Sendable, Equatable {
    package let scope: Scope
    package let session: ID<Session>
}

/// How long sign-ins last.
package struct SessionSettings: Sendable {
    package var accessLifetime: Duration
    package var refreshLifetime: Duration
    /// How long after its last use a refresh token that has already been exchanged is still taken, as long as the
    /// client has not used a successor: the existing client keeps its first token and comes back once an hour.
    package var heldGrace: Duration
    /// How long after the exchange a token is still taken once a successor has been used: requests under way.
    package var rotatedGrace: Duration

    package init(
        accessLifetime: Duration = .seconds(60 * 60), refreshLifetime: Duration = .seconds(1440 * 60),
        heldGrace: Duration? = nil, rotatedGrace: Duration = .seconds(60)
    ) {
        self.accessLifetime = accessLifetime
        self.refreshLifetime = refreshLifetime
        self.heldGrace = heldGrace ?? accessLifetime + .seconds(15 * 60)
        self.rotatedGrace = rotatedGrace
    }
}
