import Storage

/// The caller's identity, institution and origin: the first argument of every store call that accesses an institution's
/// rows.
package struct Scope: Sendable, Equatable {
    package let institution: InstitutionID
    package let user: UserID
    package let role: Role
    /// Recorded in the audit trail.
    package private(set) var origin: RequestOrigin
    /// The institution of the user's account: differs from `institution` only for a superuser.
    package let home: InstitutionID
    package let isSuperuser: Bool
    /// False if no case is shared with the user, so that lists need not check shares.
    package let hasShares: Bool
    /// The caller's sign-in session; `nil` for background work.
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

    /// Whether a superuser acts in another institution.
    package var isVisiting: Bool { home != institution }

    /// The scope for the user's own account, wherever the user acts.
    package var atHome: Scope {
        Scope(
            institution: home, user: user, role: role, origin: origin, isSuperuser: isSuperuser, hasShares: hasShares,
            session: session)
    }

    /// The same scope for work that outlasts the request: a case may be shared with the user meanwhile.
    package var withShares: Scope {
        Scope(
            institution: institution, user: user, role: role, origin: origin, home: home, isSuperuser: isSuperuser,
            hasShares: true, session: session)
    }

    /// The same scope in another request.
    package func asking(from origin: RequestOrigin) -> Scope {
        var copy = self
        copy.origin = origin
        return copy
    }

    /// The scope as an administrator of another institution; only for superusers.
    package func visiting(_ other: InstitutionID) -> Scope {
        Scope(
            institution: other, user: user, role: .admin, origin: origin, home: home, isSuperuser: isSuperuser,
            hasShares: false, session: session)
    }
}

/// The roles of users. `admin` administers one institution.
package enum Role: String, Codable, Sendable, CaseIterable, SQLConvertible {
    case doctor, radiologist, researcher, admin
}

/// The request that caused a change; all parts are `nil` for background work.
package struct RequestOrigin: Sendable, Equatable {
    package let requestID: String?
    /// The client's network address.
    package let address: String?
    /// The client's User-Agent; only shown to the user, beside the session.
    package let userAgent: String?
    /// The request's span, passed on to jobs.
    package let trace: TraceContext?

    package init(
        requestID: String? = nil, address: String? = nil, userAgent: String? = nil, trace: TraceContext? = nil
    ) {
        self.requestID = requestID
        self.address = address
        self.userAgent = userAgent
        self.trace = trace
    }
}
