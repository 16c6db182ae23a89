import Storage

/// Who is asking, for which institution and from where: the first argument of every store call that touches an
/// institution's rows.
package struct Scope: Sendable, Equatable {
    package let institution: InstitutionID
    package let user: UserID
    package let role: Role
    /// Goes into the audit trail.
    package private(set) var origin: RequestOrigin
    /// Where the user's account is: another one than `institution` only for a superuser.
    package let home: InstitutionID
    package let isSuperuser: Bool
    /// False where no case is shared with the user, so that lists need not look for any.
    package let hasShares: Bool
    /// The sign-in in which this is asked; nil for work that no sign-in asked for.
    package let session: SessionID?

    package init(
        institution: InstitutionID, user: UserID, role: Role, origin: RequestOrigin = RequestOrigin(),
        home: InstitutionID? = nil, isSuperuser: Bool = false, hasShares: Bool = true, session: SessionID? = nil
    ) {
        self.institution = institution
        self.user = user
        self.role = role
        self.origin = origin
        self.home = home ?? institution
        self.isSuperuser = isSuperuser
        self.hasShares = hasShares
        self.session = session
    }

    /// Whether a superuser acts in an institution that is not her own.
    package var isVisiting: Bool { home != institution }

    /// For what concerns the user's own account, wherever the user acts.
    package var atHome: Scope {
        Scope(
            institution: home, user: user, role: role, origin: origin, isSuperuser: isSuperuser, hasShares: hasShares,
            session: session)
    }

    /// The same in another request.
    package func asking(from origin: RequestOrigin) -> Scope {
        var copy = self
        copy.origin = origin
        return copy
    }

    /// As an administrator of another institution; only for superusers.
    package func visiting(_ other: InstitutionID) -> Scope {
        Scope(
            institution: other, user: user, role: .admin, origin: origin, home: home, isSuperuser: isSuperuser,
            hasShares: false, session: session)
    }
}

/// What a user may be. `admin` administers one institution.
package enum Role: String, Codable, Sendable, CaseIterable, SQLConvertible {
    case doctor, radiologist, researcher, admin
}

/// Which request caused a change; all parts are nil for work that no request asked for.
package struct RequestOrigin: Sendable, Equatable {
    package let requestID: String?
    /// The client's network address.
    package let address: String?
    /// What the client says it is; shown to the user beside the session, never to others.
    package let userAgent: String?

    package init(requestID: String? = nil, address: String? = nil, userAgent: String? = nil) {
        self.requestID = requestID
        self.address = address
        self.userAgent = userAgent
    }
}
