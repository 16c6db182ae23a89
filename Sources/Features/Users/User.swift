import Storage

/// Somebody with an account.
package struct User: Sendable, Equatable {
    package let id: ID<User>
    package let institutionID: ID<Institution>
    package var email: String
    package var firstName: String
    package var lastName: String
    package var role: Role
    /// The institution's name as the user wrote it; it grants nothing.
    package var institution: String
    package var specialty: String
    package var phoneNumber: String
    package var isEmailVerified: Bool
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    /// False for an account that an administrator has closed for now.
    package var isActive = true
    /// May act as administrator of any institution.
    package var isSuperuser = false

    package var username: String { email.localPart }

    package var fullName: String { "\(firstName) \(lastName)".trimmed }
}

extension User: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, username, email, firstName, lastName, role, institution, specialty, phoneNumber, isEmailVerified
        case isActive, isSuperuser, createdAt, updatedAt
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(username, forKey: .username)
        try container.encode(email, forKey: .email)
        try container.encode(firstName, forKey: .firstName)
        try container.encode(lastName, forKey: .lastName)
        try container.encode(role, forKey: .role)
        try container.encode(institution, forKey: .institution)
        try container.encode(specialty, forKey: .specialty)
        try container.encode(phoneNumber, forKey: .phoneNumber)
        try container.encode(isEmailVerified, forKey: .isEmailVerified)
        try container.encode(isActive, forKey: .isActive)
        try container.encode(isSuperuser, forKey: .isSuperuser)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(updatedAt, forKey: .updatedAt)
    }
}

/// All users of an institution with their numbers, as an admin sees them.
package struct UserDirectory: Sendable, Encodable {
    package let users: [User]
    package let stats: UserStatistics
}

/// How many users an institution has.
package struct UserStatistics: Sendable, Equatable, Encodable {
    package let total: Int
    package let byRole: [String: Int]
    package let verified: Int
    package let unverified: Int

    private enum CodingKeys: String, CodingKey {
        case total = "total_users"
        case byRole = "by_role"
        case verified, unverified
    }

    init(_ users: [User]) {
        total = users.count
        let roles = Role.allCases.map { role in (role.rawValue, users.count { $0.role == role }) }
        byRole = Dictionary(uniqueKeysWithValues: roles)
        verified = users.count(where: \.isEmailVerified)
        unverified = total - verified
    }
}
