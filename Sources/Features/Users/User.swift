import Kernel
import Storage

/// A person with an account.
package struct User: Sendable, Equatable {
    package let id: UserID
    package let institutionID: InstitutionID
    package var email: String
    package var firstName: String
    package var lastName: String
    package var role: Role
    /// The institution's name as entered by the user; it grants nothing.
    package var institution: String
    package var specialty: String
    package var phoneNumber: String
    package var isEmailVerified: Bool
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    /// False if an administrator has deactivated the account.
    package var isActive = true
    /// May act as administrator of any institution.
    package var isSuperuser = false
    /// Registered but not approved by an administrator yet; such an account is not active.
    package var isPending = false

    package var username: String { email.localPart }

    package var fullName: String { "\(firstName) \(lastName)".trimmed }
}

extension User: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, username, email, firstName, lastName, role, institution, specialty, phoneNumber, isEmailVerified
        case isActive, isSuperuser, isPending, createdAt, updatedAt
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
        try container.encode(isPending, forKey: .isPending)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(updatedAt, forKey: .updatedAt)
    }
}

/// All users of an institution with statistics, for administrators.
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

    /// - Parameter verified: the number with a verified email address.
    init(byRole counts: [Role: Int], verified: Int) {
        total = counts.values.reduce(0, +)
        byRole = Dictionary(uniqueKeysWithValues: Role.allCases.map { ($0.rawValue, counts[$0] ?? 0) })
        self.verified = verified
        unverified = total - verified
    }
}
