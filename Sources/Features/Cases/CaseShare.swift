import Kernel
import Storage

/// A colleague's access to a case that is somebody else's.
package struct CaseShare: Sendable, Equatable {
    package let user: UserID
    /// The colleague's full name.
    package let name: String
    package let email: String
    package let access: ShareAccess
    /// The full name of who shared it.
    package let sharedBy: String
    package let createdAt: Timestamp
}

extension CaseShare: Encodable {
    private enum CodingKeys: String, CodingKey {
        case user = "userId"
        case name, email, access, sharedBy, createdAt
    }
}

/// What a client sends to share a case: whom with, by id or address, and how far.
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
