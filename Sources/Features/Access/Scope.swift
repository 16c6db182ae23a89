/// Who is asking, and for which institution: the first argument of every store call that touches an institution's rows.
package struct Scope: Sendable, Equatable {
    package let institution: ID<Institution>
    package let user: ID<User>
    package let role: Role

    package init(institution: ID<Institution>, user: ID<User>, role: Role) {
        self.institution = institution
        self.user = user
        self.role = role
    }
}

/// What a user may be. `admin` administers one institution.
package enum Role: String, Codable, Sendable, CaseIterable {
    case doctor, radiologist, researcher, admin
}
