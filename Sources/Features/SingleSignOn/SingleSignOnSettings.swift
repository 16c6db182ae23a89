import Kernel

/// The operator's settings for sign-in through an OpenID provider.
package struct SingleSignOnSettings: Sendable {
    /// A claim's value and the role or institution that it means.
    package struct Mapping<Target: Sendable>: Sendable {
        package let value: String
        package let target: Target

        package init(_ value: String, _ target: Target) {
            self.value = value
            self.target = target
        }
    }

    /// The provider's identifier, exactly as in its tokens.
    package var issuer: String
    package var clientID: String
    /// `nil` for a public client, which proves itself by PKCE alone.
    package var clientSecret: String?
    /// As on the sign-in page's button.
    package var providerName = "single sign-on"
    /// The server's public URL, without a final slash.
    package var publicURL: String
    package var scopes = ["openid", "email", "profile"]
    /// `nil` leaves roles to the administrators.
    package var roleClaim: ClaimPath?
    /// In order of precedence: the first value that the claim contains determines the role.
    package var roles: [Mapping<Role>] = []
    /// The role of users whose claim contains no mapped value; `nil` refuses them.
    package var defaultRole: Role?
    /// Whether people without an account get one.
    package var registration = RegistrationMode.approval
    /// The institution of new accounts.
    package var institution = InstitutionID.default
    /// The claim that determines the institution instead.
    package var institutionClaim: ClaimPath?
    /// Values of that claim that are not institutions' IDs.
    package var institutions: [Mapping<InstitutionID>] = []
    /// Whether an existing account is taken over by whom the provider has verified its email address for.
    package var linksVerifiedEmail = false

    package init(issuer: String, clientID: String, publicURL: String) {
        self.issuer = issuer
        self.clientID = clientID
        self.publicURL = publicURL
    }

    /// Whether `text` can be an issuer: a URL with TLS, or of this machine, without a query.
    package static func isIssuer(_ text: String) -> Bool { ProviderMetadata.isSecure(text) && !text.contains("?") }

    /// Where the provider sends users back to.
    var redirectURI: String { publicURL + SingleSignOnService.callbackPath }
    /// Where the provider sends users after signing out there.
    var signedOutURI: String { publicURL + "/login" }
}
