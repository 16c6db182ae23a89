import Storage

/// Who is asking, for which institution and from where: the first argument of every store call that touches an
/// institution's rows.
package struct Scope: Sendable, Equatable {
    package let institution: ID<Institution>
    package let user: ID<User>
    package let role: Role
    /// Goes into the audit trail.
    package let origin: RequestOrigin

    package init(
        institution: ID<Institution>, user: ID<User>, role: Role, origin: RequestOrigin = RequestOrigin()
    ) {
        self.institution = institution
        self.user = user
        self.role = role
        self.origin = origin
    }
}

/// What a user may be. `admin` administers one institution.
package enum Role: String, Codable, Sendable, CaseIterable, SQLConvertible {
    case doctor, radiologist, researcher, admin
}

/// Which request caused a change; both parts are nil for work that no request asked for.
package struct RequestOrigin: Sendable, Equatable {
    package let requestID: String?
    /// The client's network address.
    package let address: String?

    package init(requestID: String? = nil, address: String? = nil) {
        self.requestID = requestID
        self.address = address
    }
}
