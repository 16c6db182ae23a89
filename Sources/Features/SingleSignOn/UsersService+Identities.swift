import Kernel
import Storage

extension UsersService {
    /// Separates a user from an account at the provider; the user then needs a password.
    package func unlink(_ scope: Scope, _ id: ID<Identity>) async throws {
        try Policy.require(.changeUsers, scope)
        let now = clock()
        try await database.write { connection in
            let identities = IdentityStore(connection)
            guard let user = try identities.user(scope, of: id) else {
                throw AppError(.notFound, "Single sign-on account not found.")
            }
            let owner = try Self.found(UserStore(connection).find(scope, user))
            try Policy.requireRank(scope, aboveSuperuser: owner.isSuperuser)
            try identities.delete(scope, id)
            try SessionStore(connection).endAll(scope, of: user, but: nil, because: .endedByUser, at: now)
            try AuditStore(connection).append(AuditEntry(scope, "user.unlink_identity", "user", user.string, at: now))
        }
    }
}
