import Basics
import Foundation
import Kernel
import Storage

// The provider's token and user info endpoints.

extension SingleSignOnService {
    /// What the provider gives for a code.
    struct Tokens: Sendable {
        let idToken: String
        /// For the user info; some providers give none.
        let accessToken: String?
    }

    /// - Throws: `SingleSignOnRefusal`.
    func exchange(_ code: String, _ pending: PendingSignIn) async throws -> Tokens {
        let metadata = try await provider.discovered()
        var form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", settings.redirectURI),
            ("code_verifier", pending.verifier),
        ]
        var request = ProviderRequest(url: metadata.tokenEndpoint)
        switch (settings.clientSecret, metadata.clientAuthentication) {
        case (nil, _): form.append(("client_id", settings.clientID))
        case (let secret?, .post): form += [("client_id", settings.clientID), ("client_secret", secret)]
        case (let secret?, .basic):
            // Encoded before they are joined (RFC 6749 §2.3.1).
            let pair = FormEncoding.encode(settings.clientID) + ":" + FormEncoding.encode(secret)
            request.authorization = "Basic \(Data(pair.utf8).base64EncodedString())"
        }
        request.form = FormEncoding.encode(form)
        let response = try await send(request)
        let answer = try? JSONValue(reading: response.body)
        guard response.status == 200 else { throw Self.refusal(response.status, answer?["error"]?.asText) }
        guard let token = answer?["id_token"]?.asText else { throw SingleSignOnRefusal.malformedToken }
        return Tokens(idToken: token, accessToken: answer?["access_token"]?.asText)
    }

    /// The error of the token endpoint (RFC 6749 §5.2).
    private static func refusal(_ status: Int, _ error: String?) -> SingleSignOnRefusal {
        switch error {
        case "invalid_client", "unauthorized_client": .clientRejected
        case "invalid_grant": .codeRejected
        default: status == 401 ? .clientRejected : status >= 500 ? .unreachable : .providerError
        }
    }

    /// The claims of the ID token, completed by the user info: providers may send the claims of scopes only there
    /// (OpenID Connect Core 1.0 §5.4).
    func claims(of tokens: Tokens, nonce: String) async throws -> JSONValue {
        let token = try IDTokenVerifier.parse(tokens.idToken)
        let keys = try await provider.keys(for: token.header)
        let verifier = IDTokenVerifier(issuer: settings.issuer, clientID: settings.clientID)
        let claims = try await verifier.claims(token, keys: keys, nonce: nonce, at: sessions.clock())
        guard let access = tokens.accessToken, isIncomplete(claims),
            let endpoint = try await provider.discovered().userInfoEndpoint
        else { return claims }
        let more = try await userInfo(endpoint, access, of: claims["sub"])
        return .object(more.merging(claims.asObject ?? [:]) { $1 })
    }

    private func isIncomplete(_ claims: JSONValue) -> Bool {
        let paths = [settings.roleClaim, settings.institutionClaim].compactMap(\.self) + [ClaimPath("email")]
        return paths.contains { $0.values(in: claims).isEmpty }
    }

    /// - Throws: `SingleSignOnRefusal.invalidUserInfo` if it is of somebody else (§5.3.2).
    private func userInfo(
        _ endpoint: String, _ accessToken: String, of subject: JSONValue?
    ) async throws -> [String: JSONValue] {
        var request = ProviderRequest(url: endpoint)
        request.authorization = "Bearer \(accessToken)"
        let response = try await send(request)
        guard response.status == 200, let members = (try? JSONValue(reading: response.body))?.asObject,
            members["sub"] == subject
        else { throw SingleSignOnRefusal.invalidUserInfo }
        return members
    }

    private func send(_ request: ProviderRequest) async throws -> ProviderResponse {
        do {
            return try await transport.send(request)
        } catch {
            try Task.checkCancellation()
            logger.error("identity provider not available", metadata: ["cause": "\(error)"])
            throw SingleSignOnRefusal.unreachable
        }
    }
}
