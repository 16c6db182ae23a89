import Kernel
import Storage

/// Inviting people to an institution; `UsersService` handles registration with an invitation.
package struct InvitationsService: Sendable {
    private let database: any Database
    private let lifetime: Duration
    private let clock: @Sendable () -> Timestamp

    init(_ users: UsersService) {
        database = users.database
        lifetime = users.settings.invitationLifetime
        clock = users.clock
    }

    package func list(_ scope: Scope) async throws -> [Invitation] {
        try Policy.require(.changeUsers, scope)
        return try await database.read { try InvitationStore($0).list(scope, limit: Window.plainLimit) }
    }

    package func create(_ scope: Scope, _ form: InvitationForm) async throws -> IssuedInvitation {
        try Policy.require(.changeUsers, scope)
        var check = Validation()
        let role = check.choice("role", form.role ?? "", among: Role.self)
        let email = form.email.flatMap { $0.trimmed.isEmpty ? nil : check.email("email", $0) }
        try check.finish()
        guard let role else { throw AppError.invalid("role", "This field is required.") }
        let now = clock()
        let invitation = Invitation(
            id: ID(), institution: scope.institution, role: role, email: email, createdAt: now,
            expiresAt: now.advanced(by: lifetime), usedAt: nil, revokedAt: nil)
        let token = InvitationToken()
        try await database.write { connection in
            try InvitationStore(connection).insert(scope, invitation, token: token)
            try AuditStore(connection).append(
                AuditEntry(
                    scope, "invitation.create", "invitation", invitation.id.string,
                    changes: [.withValues("role", nil, role)], at: now))
        }
        return IssuedInvitation(invitation: invitation, token: token)
    }

    /// Invalidates the link.
    package func revoke(_ scope: Scope, _ id: ID<Invitation>) async throws {
        try Policy.require(.changeUsers, scope)
        let now = clock()
        try await database.write { connection in
            guard try InvitationStore(connection).revoke(scope, id, at: now) else {
                throw AppError(.notFound, "Open invitation not found.")
            }
            try AuditStore(connection).append(
                AuditEntry(scope, "invitation.revoke", "invitation", id.string, at: now))
        }
    }
}

extension UsersService {
    package var invitations: InvitationsService { InvitationsService(self) }
    package var institutions: InstitutionsService { InstitutionsService(database: database, clock: clock) }
}
