/// Who may make an account without an invitation.
package enum RegistrationMode: String, Sendable, CaseIterable {
    /// Anybody, who can use it at once.
    case open
    /// Anybody, who can use it once an administrator has approved it.
    case approval
    /// Nobody.
    case closed
}

/// What the operator has decided about accounts.
package struct AccountSettings: Sendable {
    /// Without an invitation, into the default institution.
    package var registration: RegistrationMode
    package var invitationLifetime: Duration
    package var passwords: PasswordRules

    package init(
        registration: RegistrationMode = .open, invitationLifetime: Duration = .seconds(7 * 24 * 3600),
        passwords: PasswordRules = PasswordRules()
    ) {
        self.passwords = passwords
        self.registration = registration
        self.invitationLifetime = invitationLifetime
    }
}
