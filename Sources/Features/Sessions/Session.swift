import Kernel
import Storage

/// A sign-in, with the family of its refresh tokens.
package struct Session: Sendable, Equatable {
    /// Why a session ended.
    package enum End: String, Sendable, SQLConvertible {
        case logout
        case passwordChanged = "password_changed"
        case replay
        case userDeleted = "user_deleted"
        case roleChanged = "role_changed"
        case deactivated
        /// From the user's list of sessions, or by an administrator.
        case endedByUser = "ended_by_user"
    }

    package let id: SessionID
    package let institution: InstitutionID
    package let user: UserID
    package let endedAt: Timestamp?
}

/// An active session, as shown to its user.
package struct SessionSummary: Sendable, Equatable, Encodable {
    package let id: SessionID
    package let createdAt: Timestamp
    /// Accurate to a few minutes.
    package let lastUsedAt: Timestamp
    package let expiresAt: Timestamp
    /// The network address of the sign-in.
    package let address: String?
    package let userAgent: String?
    /// Whether this is the session of the request.
    package let isCurrent: Bool

    private enum CodingKeys: String, CodingKey {
        case id, createdAt, lastUsedAt, expiresAt, address, userAgent, isCurrent
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(lastUsedAt, forKey: .lastUsedAt)
        try container.encode(expiresAt, forKey: .expiresAt)
        try container.encode(address, forKey: .address)
        try container.encode(userAgent, forKey: .userAgent)
        try container.encode(isCurrent, forKey: .isCurrent)
    }
}

/// A refresh token's lifecycle; the token itself is signed and not stored.
package struct RefreshToken: Sendable, Equatable {
    package let id: ID<RefreshToken>
    let session: SessionID
    let firstUsedAt: Timestamp?
    let lastUsedAt: Timestamp?
    /// Whether the client has used a token that this one was exchanged for.
    let successorWasUsed: Bool
}

/// Two tokens for a client: a short-lived access token, and a refresh token.
package struct TokenPair: Sendable, Equatable, Encodable {
    package let access: String
    package let refresh: String
}

/// A user who has just been authenticated.
package struct SignedIn: Sendable {
    package let user: User
    package let tokens: TokenPair
}

/// The user of an access token.
package struct Principal: Sendable, Equatable {
    package let scope: Scope
    package let session: SessionID
    /// When the session's use was last recorded.
    let lastUsedAt: Timestamp
    var hasSecondFactor = false
    /// The session began at an identity provider, which decides about second factors.
    var isFromProvider = false
    /// The role requires a second factor and there is none: only enrolment is allowed.
    package var mustEnrol = false
    /// More than half of the access token's lifetime is over.
    package var needsRenewal = false
    /// When the access token expires.
    package var tokenExpiresAt: Timestamp?

    /// The same user as administrator of another institution.
    func visiting(_ institution: InstitutionID) -> Principal {
        with(scope.visiting(institution))
    }

    /// The same user in another request.
    package func asking(from origin: RequestOrigin) -> Principal {
        with(scope.asking(from: origin))
    }

    private func with(_ scope: Scope) -> Principal {
        var copy = Principal(scope: scope, session: session, lastUsedAt: lastUsedAt)
        copy.hasSecondFactor = hasSecondFactor
        copy.isFromProvider = isFromProvider
        copy.mustEnrol = mustEnrol
        copy.needsRenewal = needsRenewal
        copy.tokenExpiresAt = tokenExpiresAt
        return copy
    }
}

/// The lifetimes of sign-ins.
package struct SessionSettings: Sendable {
    package var accessLifetime: Duration
    package var refreshLifetime: Duration
    /// How long an already exchanged refresh token is accepted after its last use, if the client has not used a
    /// successor: the existing client keeps its first token and returns once an hour.
    package var heldGrace: Duration
    /// How long after the exchange a token is accepted once a successor has been used: for concurrent requests.
    package var rotatedGrace: Duration
    /// The interval at which a session's last use is recorded.
    package var useInterval: Duration = .seconds(5 * 60)
    package var throttling = ThrottleSettings()
    /// How long a device or network address is known after its last sign-in.
    package var deviceLifetime: Duration = .seconds(90 * 86_400)
    /// Whether administrators and superusers require a second factor.
    package var requiresAdminSecondFactor = false

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
