import Kernel
import Storage

/// A colleague's access to another user's case.
package struct CaseShare: Sendable, Equatable {
    package let user: UserID
    /// The colleague's full name.
    package let name: String
    package let email: String
    package let access: ShareAccess
    /// The full name of the user who shared it.
    package let sharedBy: String
    package let createdAt: Timestamp
}

extension CaseShare: Encodable {
    private enum CodingKeys: String, CodingKey {
        case user = "userId"
        case name, email, access, sharedBy, createdAt
    }
}

/// A request to share a case: the colleague, by id or address, and the access.
package struct ShareForm: Decodable, Sendable {
    package var userId: String?
    package var email: String?
    package var access: String?

    package init(userId: String? = nil, email: String? = nil, access: String? = nil) {
        self.userId = userId
        self.email = email
        self.access = access
    }
}
