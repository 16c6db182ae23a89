import Features
import Foundation
import Kernel

extension SettingsCatalogue {
    static let singleSignOn = Section(
        title: "Single sign-on",
        settings: [
            Setting(
                "OIDC_ISSUER", .judged(by: issuer), default: nil, note: "none: no single sign-on",
                "Issuer URL of the OpenID provider, exactly as in its discovery document, e.g. `https://sso.example.org/realms/hospital`. Requires `PUBLIC_URL`; register `PUBLIC_URL/login/oidc/callback` there as the redirect URI (docs/single-sign-on.md)."
            ),
            Setting(
                "OIDC_CLIENT_ID", .text, default: nil, "Client ID that the provider has registered for this server."),
            Setting(
                "OIDC_CLIENT_SECRET", .text, default: nil, note: "none: a public client", secrecy: .secret,
                "Client secret of a confidential client."),
            Setting(
                "OIDC_PROVIDER_NAME", .text, default: nil, note: "host of `OIDC_ISSUER`",
                "Name of the provider on the sign-in page: \u{201C}Sign in with \u{2026}\u{201D}."),
            Setting(
                "OIDC_SCOPES", .judged(by: scopes), default: "openid email profile",
                "Requested scopes, separated by spaces; `openid` is required."),
            Setting(
                "OIDC_ROLE_CLAIM", .text, default: nil, note: "none: administrators assign roles",
                "Claim with the user's groups or roles, with dots for nested objects (`realm_access.roles`). The role is then set at each sign-in."
            ),
            Setting(
                "OIDC_ROLE_MAP", .judged(by: { _ = try RoleMap.parse($0) }), default: nil,
                "Role of each value of that claim, in order of precedence: `neuro-radiologists=radiologist,neurosurgery=doctor`. Separate the entries by `;` if a value contains a comma."
            ),
            Setting(
                "OIDC_DEFAULT_ROLE", .choice(Role.allCases.filter { $0 != .admin }.map(\.rawValue)), default: nil,
                note: "none with `OIDC_ROLE_CLAIM`, else `doctor`",
                "Role of users without a mapped value. Without it, they are refused."),
            Setting(
                "OIDC_REGISTRATION", .choice(RegistrationMode.allCases.map(\.rawValue)),
                default: RegistrationMode.approval.rawValue,
                "What happens when somebody without an account signs in: `open` creates one, `approval` creates one that an administrator must approve, `closed` refuses."
            ),
            Setting(
                "OIDC_INSTITUTION", .judged(by: institution), default: nil, note: "the default institution",
                "ID of the institution of new accounts."),
            Setting(
                "OIDC_INSTITUTION_CLAIM", .text, default: nil,
                "Claim with the user's institution, as its ID or as a value of `OIDC_INSTITUTION_MAP`; instead of `OIDC_INSTITUTION`. Users of another institution are refused."
            ),
            Setting(
                "OIDC_INSTITUTION_MAP", .judged(by: { _ = try InstitutionMap.parse($0) }), default: nil,
                "Institution of each value of that claim: `north=ID,south=ID`."),
            Setting(
                "OIDC_LINK_VERIFIED_EMAIL", .flag, default: "false",
                "Links an existing account at the first sign-in if the provider has verified the same email address; the account then has no password. Only for a provider that verifies addresses itself."
            ),
        ])

    @Sendable private static func issuer(_ text: String) throws {
        guard SingleSignOnSettings.isIssuer(text) else {
            throw SettingsError("OIDC_ISSUER must be an https URL without a query; http is allowed for this machine.")
        }
    }

    @Sendable private static func scopes(_ text: String) throws {
        guard text.split(separator: " ").contains("openid") else {
            throw SettingsError("OIDC_SCOPES must contain openid.")
        }
    }

    @Sendable private static func institution(_ text: String) throws {
        guard InstitutionID(text) != nil else { throw SettingsError("OIDC_INSTITUTION must be an institution's ID.") }
    }
}

/// `value=role` pairs.
enum RoleMap {
    static func parse(_ text: String) throws -> [SingleSignOnSettings.Mapping<Role>] {
        try mappings(text) { Role(rawValue: $0) }
            ?? { throw SettingsError("OIDC_ROLE_MAP must be value=role pairs with the roles \(names).") }()
    }

    private static let names = Role.allCases.map(\.rawValue).joined(separator: ", ")
}

/// `value=institution` pairs.
enum InstitutionMap {
    static func parse(_ text: String) throws -> [SingleSignOnSettings.Mapping<InstitutionID>] {
        try mappings(text) { InstitutionID($0) }
            ?? { throw SettingsError("OIDC_INSTITUTION_MAP must be value=ID pairs with IDs of institutions.") }()
    }
}

/// Pairs separated by commas or, if there are any, semicolons: names of groups in a directory contain commas and equals
/// signs (`cn=neuro,ou=groups`).
///
/// - Returns: `nil` if a pair is incomplete or its target unknown.
private func mappings<Target: Sendable>(
    _ text: String, _ target: (String) -> Target?
) -> [SingleSignOnSettings.Mapping<Target>]? {
    let pairs = text.split(separator: text.contains(";") ? ";" : ",").map { $0.trimmingCharacters(in: .whitespaces) }
    let found = pairs.filter { !$0.isEmpty }.map { pair -> SingleSignOnSettings.Mapping<Target>? in
        guard let sign = pair.lastIndex(of: "="), sign > pair.startIndex,
            let target = target(pair[pair.index(after: sign)...].trimmingCharacters(in: .whitespaces))
        else { return nil }
        return .init(pair[..<sign].trimmingCharacters(in: .whitespaces), target)
    }
    let complete = found.compactMap(\.self)
    return complete.count == found.count ? complete : nil
}
