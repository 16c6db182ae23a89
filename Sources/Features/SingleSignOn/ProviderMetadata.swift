import Basics
import Foundation
import Kernel

/// What sign-in needs of a provider's discovery document (OpenID Connect Discovery 1.0 §3).
struct ProviderMetadata: Sendable, Equatable {
    /// How the client proves itself at the token endpoint (OpenID Connect Core 1.0 §9).
    enum ClientAuthentication: String, Sendable {
        case basic = "client_secret_basic"
        case post = "client_secret_post"
    }

    let authorizationEndpoint: String
    let tokenEndpoint: String
    let keysURL: String
    let userInfoEndpoint: String?
    /// For RP-initiated sign-out.
    let endSessionEndpoint: String?
    let clientAuthentication: ClientAuthentication
    /// Whether every response to an authorization request names its issuer (RFC 9207).
    let namesIssuer: Bool

    /// - Throws: `SingleSignOnRefusal.invalidDiscovery` if the document is of another issuer or lacks an endpoint.
    init(_ body: Data, issuer: String) throws {
        guard let document = try? JSONValue(reading: body), document["issuer"]?.asText == issuer,
            let authorization = Self.endpoint(document, "authorization_endpoint"),
            let token = Self.endpoint(document, "token_endpoint"), let keys = Self.endpoint(document, "jwks_uri")
        else { throw SingleSignOnRefusal.invalidDiscovery }
        authorizationEndpoint = authorization
        tokenEndpoint = token
        keysURL = keys
        userInfoEndpoint = Self.endpoint(document, "userinfo_endpoint")
        endSessionEndpoint = Self.endpoint(document, "end_session_endpoint")
        let methods = document["token_endpoint_auth_methods_supported"]?.asList?.compactMap(\.asText)
        let isBasic = methods.map { $0.contains(ClientAuthentication.basic.rawValue) } ?? true
        clientAuthentication = isBasic ? .basic : .post
        namesIssuer = document["authorization_response_iss_parameter_supported"]?.asBool ?? false
    }

    private static func endpoint(_ document: JSONValue, _ name: String) -> String? {
        document[name]?.asText.flatMap { isSecure($0) ? $0 : nil }
    }

    /// Whether `text` is a URL with TLS, or of this machine.
    static func isSecure(_ text: String) -> Bool {
        guard let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty, parts.user == nil,
            parts.fragment == nil
        else { return false }
        guard parts.scheme == "http" else { return parts.scheme == "https" }
        return host == "localhost" || NetworkAddress(host)?.isLoopback == true
    }

    /// The address of an issuer's discovery document.
    static func url(of issuer: String) -> String {
        (issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer) + "/.well-known/openid-configuration"
    }
}
