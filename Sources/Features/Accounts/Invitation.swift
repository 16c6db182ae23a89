import Basics
import Crypto
import Foundation
import Kernel
import Storage

/// Allows one person to join an institution in a role chosen by its administrator.
package struct Invitation: Sendable, Equatable {
    package let id: ID<Invitation>
    package let institution: InstitutionID
    package let role: Role
    /// If set, the only address that may use it.
    package let email: String?
    package let createdAt: Timestamp
    package let expiresAt: Timestamp
    package let usedAt: Timestamp?
    package let revokedAt: Timestamp?

    /// Whether it can still be used.
    func isOpen(at time: Timestamp) -> Bool {
        usedAt == nil && revokedAt == nil && time < expiresAt
    }
}

extension Invitation: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, role, email, createdAt, expiresAt, usedAt, revokedAt
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(role, forKey: .role)
        try container.encode(email, forKey: .email)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(expiresAt, forKey: .expiresAt)
        try container.encode(usedAt, forKey: .usedAt)
        try container.encode(revokedAt, forKey: .revokedAt)
    }
}

/// The secret of an invitation's link: shown once, stored only as a digest.
package struct InvitationToken: Sendable {
    package let text: String

    /// 256 bits, URL-safe.
    init() {
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        text = bytes.hexadecimal
    }

    init(_ text: String) {
        self.text = text
    }

    var digest: String {
        SHA256.hash(data: Data(text.utf8)).hexadecimal
    }
}

/// A new invitation with its secret.
package struct IssuedInvitation: Sendable {
    package let invitation: Invitation
    package let token: InvitationToken
}

/// An administrator's request to invite a person.
package struct InvitationForm: Decodable, Sendable {
    package var role: String?
    package var email: String?

    package init(role: String?, email: String? = nil) {
        self.role = role
        self.email = email
    }
}
