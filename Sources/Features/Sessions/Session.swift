import Kernel
import Storage

/// One sign-in: the family of the refresh tokens that descend from it.
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

/// A living session as its user sees it.
package struct SessionSummary: Sendable, Equatable, Encodable {
    package let id: SessionID
    package let createdAt: Timestamp
    /// Within some minutes.
    package let lastUsedAt: Timestamp
    package let expiresAt: Timestamp
    /// Where the sign-in came from.
    package let address: String?
    package let userAgent: String?
    /// Whether the list was asked for in this session.
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

/// One refresh token's life; the token itself is signed and stored nowhere.
package struct RefreshToken: Sendable, Equatable {
    package let id: ID<RefreshToken>
    let session: SessionID
    let firstUsedAt: Timestamp?
    let lastUsedAt: Timestamp?
    /// Whether the client has come back with a token that this one was exchanged for.
    let successorWasUsed: Bool
}

/// Two tokens for a client: a short-lived one for requests, and one to get the next.
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
    package let session: SessionID
    /// When the session's use was last written down.
    let lastUsedAt: Timestamp
    var hasSecondFactor = false
    /// The role needs a second factor and there is none: nothing is allowed but to enrol one.
    package var mustEnrol = false
    /// More than half of the access token's time is over.
    package var needsRenewal = false

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
        copy.mustEnrol = mustEnrol
        copy.needsRenewal = needsRenewal
        return copy
    }
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
    /// How old the note of a session's last use may become before a request writes a new one.
    package var useInterval: Duration = .seconds(5 * 60)
    package var throttling = ThrottleSettings()
    /// How long after its last sign-in a device or a network address is known.
    package var deviceLifetime: Duration = .seconds(90 * 86_400)
    /// Whether administrators and superusers must have a second factor.
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
