import Foundation
import Kernel
import Storage

/// Lets the operator act as a user on the machine itself: subsequent calls follow the services' rules and are recorded
/// as that user's.
package struct OperatorAccess: Sendable {
    private let database: any Database

    package init(database: any Database) {
        self.database = database
    }

    /// The scope of the user with this address; the trail records that a shell was opened as that user, and all further
    /// entries have the same request id.
    package func begin(as email: String) async throws -> Scope {
        let address = email.trimmed.lowercased()
        let origin = RequestOrigin(requestID: "shell-\(UUID().uuidString.lowercased())")
        return try await database.write { connection in
            guard let user = try UserStore(connection).credentials(email: address)?.user else {
                throw AppError(.notFound, "User not found.")
            }
            guard user.isActive else { throw AppError(.forbidden, "The user is deactivated.") }
            let scope = Scope(
                institution: user.institutionID, user: user.id, role: user.role, origin: origin,
                isSuperuser: user.isSuperuser)
            try AuditStore(connection).append(AuditEntry(scope, "shell.start", "user", user.id.string))
            return scope
        }
    }

    /// Whether a user has this address.
    func knows(_ email: String) async throws -> Bool {
        try await database.read { try UserStore($0).credentials(email: email) != nil }
    }

    /// The same by a user's id, for commands that work for a user.
    package func begin(as id: UserID) async throws -> Scope {
        let email = try await database.read { try UserStore($0).email(of: id) }
        guard let email else { throw AppError(.notFound, "User not found.") }
        return try await begin(as: email)
    }
}
