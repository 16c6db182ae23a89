/// Who may register without an invitation.
package enum RegistrationMode: String, Sendable, CaseIterable {
    /// Anyone, with immediate access.
    case open
    /// Anyone, with access after an administrator's approval.
    case approval
    /// No one.
    case closed
}

/// The operator's settings for accounts.
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
