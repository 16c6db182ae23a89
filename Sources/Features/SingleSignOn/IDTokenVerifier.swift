import Basics
import Foundation
import Kernel
import Storage

/// Validates ID tokens (OpenID Connect Core 1.0 §3.1.3.7).
struct IDTokenVerifier: Sendable {
    let issuer: String
    let clientID: String
    /// How far the provider's clock may differ, in seconds.
    private static let clockSkew = 60.0
    private static let longestToken = 64 << 10

    /// A token's parts before its signature has been verified.
    struct Parsed: Sendable {
        let text: String
        let header: TokenHeader
        /// Not to be trusted yet.
        let claims: JSONValue
    }

    /// - Throws: `SingleSignOnRefusal.malformedToken` or, for other algorithms than signatures by key pairs, `.algorithm`.
    static func parse(_ token: String) throws -> Parsed {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard token.utf8.count <= longestToken, parts.count == 3, let header = TokenHeader(token),
            let claims = Data(base64URL: parts[1]).flatMap({ try? JSONValue(reading: $0) }), claims.asObject != nil
        else { throw SingleSignOnRefusal.malformedToken }
        // Extensions that must be understood, which are none of ours (RFC 7515 §4.1.11).
        guard header.crit == nil else { throw SingleSignOnRefusal.malformedToken }
        guard ProviderKeys.accepts(header.alg) else { throw SingleSignOnRefusal.algorithm }
        return Parsed(text: token, header: header, claims: claims)
    }

    /// The claims of a token that the provider has issued for this sign-in.
    ///
    /// - Parameter nonce: the value that the authorization request contained.
    func claims(_ token: Parsed, keys: ProviderKeys, nonce: String, at now: Timestamp) async throws -> JSONValue {
        guard keys.contain(keyOf: token.header) else { throw SingleSignOnRefusal.unknownKey }
        guard await keys.verify(token.text, token.header) else { throw SingleSignOnRefusal.signature }
        let claims = token.claims
        guard claims["iss"]?.asText == issuer else { throw SingleSignOnRefusal.issuer }
        guard isAudience(claims) else { throw SingleSignOnRefusal.audience }
        try checkTimes(claims, at: now)
        guard claims["nonce"]?.asText == nonce else { throw SingleSignOnRefusal.nonce }
        guard let subject = claims["sub"]?.asText, (1...255).contains(subject.unicodeScalars.count),
            !subject.unicodeScalars.contains("\0")
        else { throw SingleSignOnRefusal.subject }
        return claims
    }

    /// A token for several audiences must name this client as the party that it was issued to.
    private func isAudience(_ claims: JSONValue) -> Bool {
        let audiences = claims["aud"]?.asText.map { [$0] } ?? claims["aud"]?.asList?.compactMap(\.asText) ?? []
        guard audiences.contains(clientID) else { return false }
        guard let party = claims["azp"] else { return audiences.count == 1 }
        return party.asText == clientID
    }

    private func checkTimes(_ claims: JSONValue, at now: Timestamp) throws {
        guard let expiry = claims["exp"]?.asNumber, let issued = claims["iat"]?.asNumber else {
            throw SingleSignOnRefusal.malformedToken
        }
        guard now.seconds < expiry + Self.clockSkew else { throw SingleSignOnRefusal.expiredToken }
        let start = max(issued, claims["nbf"]?.asNumber ?? issued)
        guard start <= now.seconds + Self.clockSkew else { throw SingleSignOnRefusal.issuedInFuture }
    }
}
