import Basics
import Kernel

/// What a provider says about a person, checked and mapped to this server's terms.
struct ProviderProfile: Sendable, Equatable {
    let subject: String
    /// `nil` if there is no valid address.
    let email: String?
    let isEmailVerified: Bool
    let firstName: String
    let lastName: String
    /// `nil` if the provider's claims grant none.
    let role: Role?
    /// `nil` if the claim names no institution that the settings or its ID identify.
    let institution: InstitutionID?

    /// - Parameter claims: of the ID token and the user info.
    init(_ claims: JSONValue, _ settings: SingleSignOnSettings) {
        subject = claims["sub"]?.asText ?? ""
        var check = Validation()
        let address = check.email("email", claims["email"]?.asText)
        email = address.isEmpty ? nil : address
        // Some providers send a text.
        isEmailVerified = claims["email_verified"]?.asBool ?? (claims["email_verified"]?.asText == "true")
        (firstName, lastName) = Self.names(claims)
        role = Self.role(claims, settings)
        institution = Self.institution(claims, settings)
    }

    private static func role(_ claims: JSONValue, _ settings: SingleSignOnSettings) -> Role? {
        let values = Set(settings.roleClaim?.values(in: claims) ?? [])
        return settings.roles.first { values.contains($0.value) }?.target ?? settings.defaultRole
    }

    private static func institution(_ claims: JSONValue, _ settings: SingleSignOnSettings) -> InstitutionID? {
        guard let claim = settings.institutionClaim else { return settings.institution }
        let values = claim.values(in: claims)
        let named = settings.institutions.first { values.contains($0.value) }?.target
        return named ?? (values.count == 1 ? InstitutionID(values[0]) : nil)
    }

    /// Given and family name, or parts of another name that the provider sends.
    private static func names(_ claims: JSONValue) -> (String, String) {
        func label(_ text: String?) -> String {
            var check = Validation()
            return check.label("name", text, atMost: 150)
        }
        let given = label(claims["given_name"]?.asText)
        let family = label(claims["family_name"]?.asText)
        if !given.isEmpty || !family.isEmpty { return (given, family) }
        let whole = ["name", "preferred_username", "email"].lazy.map { label(claims[$0]?.asText) }
        let words = (whole.first { !$0.isEmpty } ?? "").split(separator: " ", maxSplits: 1).map(String.init)
        return (words.first ?? "", words.count > 1 ? words[1] : "")
    }
}
