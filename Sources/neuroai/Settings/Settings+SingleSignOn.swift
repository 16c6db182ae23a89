import Features
import Foundation
import Kernel

extension Settings {
    /// `nil` if `OIDC_ISSUER` is not set.
    func singleSignOn(publicURL: String?) throws -> SingleSignOnSettings? {
        guard let issuer = self["OIDC_ISSUER"] else {
            guard self["OIDC_CLIENT_ID"] == nil else { throw SettingsError("OIDC_CLIENT_ID needs OIDC_ISSUER.") }
            return nil
        }
        guard let clientID = self["OIDC_CLIENT_ID"] else { throw SettingsError("OIDC_ISSUER needs OIDC_CLIENT_ID.") }
        guard let publicURL else {
            throw SettingsError("OIDC_ISSUER needs PUBLIC_URL, where the provider sends users back to.")
        }
        var found = SingleSignOnSettings(issuer: issuer, clientID: clientID, publicURL: publicURL)
        found.clientSecret = self["OIDC_CLIENT_SECRET"]
        found.providerName = self["OIDC_PROVIDER_NAME"] ?? URLComponents(string: issuer)?.host ?? issuer
        found.scopes = (self["OIDC_SCOPES"] ?? "").split(separator: " ").map(String.init)
        found.registration =
            self["OIDC_REGISTRATION"].flatMap { RegistrationMode(rawValue: $0.lowercased()) } ?? .approval
        found.linksVerifiedEmail = flag("OIDC_LINK_VERIFIED_EMAIL")
        try readRoles(&found)
        found.institution = self["OIDC_INSTITUTION"].flatMap { InstitutionID($0) } ?? .default
        found.institutionClaim = self["OIDC_INSTITUTION_CLAIM"].map { ClaimPath($0) }
        found.institutions = try self["OIDC_INSTITUTION_MAP"].map(InstitutionMap.parse) ?? []
        guard found.institutionClaim != nil || found.institutions.isEmpty else {
            throw SettingsError("OIDC_INSTITUTION_MAP needs OIDC_INSTITUTION_CLAIM.")
        }
        return found
    }

    private func readRoles(_ found: inout SingleSignOnSettings) throws {
        found.roleClaim = self["OIDC_ROLE_CLAIM"].map { ClaimPath($0) }
        found.roles = try self["OIDC_ROLE_MAP"].map(RoleMap.parse) ?? []
        guard (found.roleClaim == nil) == found.roles.isEmpty else {
            throw SettingsError("OIDC_ROLE_CLAIM and OIDC_ROLE_MAP need each other. Set both or neither.")
        }
        found.defaultRole = self["OIDC_DEFAULT_ROLE"].flatMap { Role(rawValue: $0.lowercased()) }
        if found.roleClaim == nil, found.defaultRole == nil { found.defaultRole = .doctor }
    }
}
