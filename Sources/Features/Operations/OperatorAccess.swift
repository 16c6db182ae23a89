import Foundation
import Kernel
import Storage

/// Lets whoever runs the program on the machine itself act as a user: what follows goes through the services' rules and is recorded as that user's.
package struct OperatorAccess: Sendable {
    private let database: any Database

    package init(database: any Database) {
        self.database = database
    }

    /// The user with this address and what she may do; the trail says that a shell was begun in her name, and every row that follows
    /// bears the same request id.
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

    /// Whether somebody has this address.
    func knows(_ email: String) async throws -> Bool {
        try await database.read { try UserStore($0).credentials(email: email) != nil }
    }

    /// The same by a user's id, for commands that work for somebody.
    package func begin(as id: UserID) async throws -> Scope {
        let email = try await database.read { try UserStore($0).email(of: id) }
        guard let email else { throw AppError(.notFound, "User not found.") }
        return try await begin(as: email)
    }
}
