import Kernel
import Storage

extension User {
    /// The validated result of a partial change. Anyone may send an unchanged role, since clients send whole profiles.
    func changed(by change: UserChange, asked asker: Role) throws -> User {
        var user = self
        var check = Validation()
        if let text = change.firstName { user.firstName = check.label("firstName", text, required: true, atMost: 150) }
        if let text = change.lastName { user.lastName = check.label("lastName", text, required: true, atMost: 150) }
        if let text = change.email {
            user.email = check.email("email", text)
            if user.email != email { user.isEmailVerified = false }
        }
        user.institution = check.label("institution", change.institution.applied(to: institution), atMost: 200)
        user.specialty = check.label("specialty", change.specialty.applied(to: specialty), atMost: 200)
        user.phoneNumber = check.label("phoneNumber", change.phoneNumber.applied(to: phoneNumber), atMost: 40)
        user.role = changedRole(change.role, asked: asker, &check)
        if let verified = change.isEmailVerified, asker == .admin { user.isEmailVerified = verified }
        if let active = change.isActive, active != isActive {
            if asker == .admin {
                user.isActive = active
                if active { user.isPending = false }
            } else {
                check.add("isActive", "Only administrators can activate or deactivate accounts.")
            }
        }
        try check.finish()
        return user
    }

    private func changedRole(_ text: String?, asked asker: Role, _ check: inout Validation) -> Role {
        guard let text, text != role.rawValue else { return role }
        if asker != .admin {
            check.add("role", "Only administrators can change roles.")
        } else if let known = Role(rawValue: text) {
            return known
        } else {
            check.add("role", "Must be one of doctor, radiologist, researcher, admin.")
        }
        return role
    }

    var isActiveAdmin: Bool { role == .admin && isActive }

    private func activation(since before: User) -> String {
        guard isActive else { return "user.deactivate" }
        return before.isPending ? "user.approve" : "user.activate"
    }

    /// The reason that a change must end the user's sessions immediately; `nil` if they may continue.
    func sessionsEnd(since before: User) -> Session.End? {
        if before.isActive && !isActive { return .deactivated }
        return role == before.role ? nil : .roleChanged
    }

    /// The audit entries of a change: one for the role, one for activation or deactivation, one for the rest.
    func entries(since before: User, _ scope: Scope, at now: Timestamp) -> [AuditEntry] {
        func entry(_ action: String, _ changes: FieldChange?...) -> AuditEntry? {
            let entry = AuditEntry(scope, action, "user", id.string, changes: changes, at: now)
            return entry.changes.isEmpty ? nil : entry
        }
        return [
            entry("user.change_role", .withValues("role", before.role, role)),
            entry(activation(since: before), .withValues("isActive", before.isActive, isActive)),
            entry(
                "user.update", .redacted("email", before.email, email),
                .redacted("firstName", before.firstName, firstName), .redacted("lastName", before.lastName, lastName),
                .redacted("institution", before.institution, institution),
                .redacted("specialty", before.specialty, specialty),
                .redacted("phoneNumber", before.phoneNumber, phoneNumber),
                .withValues("isEmailVerified", before.isEmailVerified, isEmailVerified)),
        ].compactMap(\.self)
    }
}
