/// What the operator has decided about accounts.
package struct AccountSettings: Sendable {
    /// Whether people without an invitation may register, into the default institution.
    package var allowsRegistration: Bool
    package var invitationLifetime: Duration
    package var passwords: PasswordRules

    package init(
        allowsRegistration: Bool = true, invitationLifetime: Duration = .seconds(7 * 24 * 3600),
        passwords: PasswordRules = PasswordRules()
    ) {
        self.passwords = passwords
        self.allowsRegistration = allowsRegistration
        self.invitationLifetime = invitationLifetime
    }
}
