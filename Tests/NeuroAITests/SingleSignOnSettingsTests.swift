import Features
import Foundation
import Kernel
import Testing

@testable import neuroai

/// The settings of single sign-on.
@Suite struct SingleSignOnSettingsTests {
    private static let least = [
        "OIDC_ISSUER": "https://sso.example.org/realms/a", "OIDC_CLIENT_ID": "neuroai",
        "PUBLIC_URL": "https://neuroai.example.org/",
    ]

    private func read(_ more: [String: String] = [:]) throws -> SingleSignOnSettings {
        try #require(ServeSettings(Settings(Self.least.merging(more) { $1 })).singleSignOn)
    }

    @Test func withoutAnIssuerThereIsNone() throws {
        #expect(try ServeSettings(Settings([:])).singleSignOn == nil)
        let settings = try read()
        #expect(
            settings.issuer == "https://sso.example.org/realms/a" && settings.publicURL == "https://neuroai.example.org"
        )
        #expect(settings.providerName == "sso.example.org" && settings.scopes == ["openid", "email", "profile"])
        #expect(settings.registration == .approval && settings.defaultRole == .doctor && settings.roleClaim == nil)
        #expect(settings.institution == .default && !settings.linksVerifiedEmail && settings.clientSecret == nil)
    }

    @Test func rolesAndInstitutionsAreMappedInOrder() throws {
        let id = InstitutionID()
        let settings = try read([
            "OIDC_ROLE_CLAIM": "groups", "OIDC_ROLE_MAP": "cn=admins,dc=org=admin; cn=neuro,dc=org = radiologist",
            "OIDC_INSTITUTION_CLAIM": "site", "OIDC_INSTITUTION_MAP": "North=\(id)",
        ])
        #expect(settings.roles.map(\.value) == ["cn=admins,dc=org", "cn=neuro,dc=org"])
        #expect(settings.roles.map(\.target) == [.admin, .radiologist])
        #expect(settings.defaultRole == nil, "people without a mapped value are refused")
        #expect(settings.institutions.map(\.value) == ["North"] && settings.institutions.map(\.target) == [id])
        #expect(try read(["OIDC_ROLE_CLAIM": "g", "OIDC_ROLE_MAP": "a=doctor,b=admin"]).roles.count == 2)
    }

    @Test(arguments: [
        (["OIDC_ISSUER": "http://sso.example.org"], "OIDC_ISSUER must be an https URL"),
        (["OIDC_ISSUER": "https://sso.example.org/?a=b"], "OIDC_ISSUER must be an https URL"),
        (["OIDC_CLIENT_ID": ""], "OIDC_ISSUER needs OIDC_CLIENT_ID"),
        (["PUBLIC_URL": ""], "OIDC_ISSUER needs PUBLIC_URL"),
        (["OIDC_ISSUER": ""], "OIDC_CLIENT_ID needs OIDC_ISSUER"),
        (["OIDC_SCOPES": "email"], "OIDC_SCOPES must contain openid"),
        (["OIDC_ROLE_CLAIM": "groups"], "OIDC_ROLE_CLAIM and OIDC_ROLE_MAP need each other"),
        (["OIDC_ROLE_MAP": "a=doctor"], "OIDC_ROLE_CLAIM and OIDC_ROLE_MAP need each other"),
        (["OIDC_ROLE_MAP": "a=superuser"], "OIDC_ROLE_MAP must be value=role pairs"),
        (["OIDC_ROLE_MAP": "=doctor"], "OIDC_ROLE_MAP must be value=role pairs"),
        (["OIDC_DEFAULT_ROLE": "admin"], "OIDC_DEFAULT_ROLE must be one of doctor, radiologist, researcher"),
        (["OIDC_INSTITUTION": "north"], "OIDC_INSTITUTION must be an institution's ID"),
        (["OIDC_INSTITUTION_MAP": "a=b"], "OIDC_INSTITUTION_MAP must be value=ID pairs"),
        (["OIDC_INSTITUTION_MAP": "a=\(InstitutionID.default)"], "OIDC_INSTITUTION_MAP needs OIDC_INSTITUTION_CLAIM"),
    ])
    func contradictionsAreNamed(_ values: [String: String], _ sentence: String) {
        #expect { try read(values) } throws: { "\($0)".hasPrefix(sentence) }
    }
}
