import Basics
import Crypto
import CryptoExtras
import Foundation
import Synchronization
import Testing

@testable import Features
@testable import Kernel

/// A provider in this process that signs whatever a test wants, unlike a genuine one (`EndToEndTests`). It checks the
/// client's secret and PKCE.
final class ForgingProvider: Sendable {
    static let issuer = "https://sso.hospital.org/realms/a"
    static let clientID = "neuroai"
    static let secret = "a secret/100%"

    /// A key, and how its signatures are made.
    enum Key: Sendable {
        case rsa(_RSA.Signing.PrivateKey, id: String)
        case p256(P256.Signing.PrivateKey, id: String)
        case ed25519(Curve25519.Signing.PrivateKey, id: String)

        static let usual = Result { Key.rsa(try _RSA.Signing.PrivateKey(keySize: .bits2048), id: "k1") }
        static let other = Result { Key.rsa(try _RSA.Signing.PrivateKey(keySize: .bits2048), id: "k1") }
    }

    struct State: Sendable {
        /// Published at `jwks_uri`.
        var keys: [Key] = []
        var documents: [String: ProviderResponse] = [:]
        /// Makes a token from the nonce of the authorization request.
        var token: @Sendable (_ nonce: String) throws -> String = { _ in "" }
        /// Of the authorization request.
        var challenge = ""
        var nonce = ""
        /// Of the last token.
        var subject = JSONValue.null
        var fetches: [String: Int] = [:]
    }

    let state = Mutex(State())

    init() throws {
        let key = try Key.usual.get()
        state.withLock { $0.keys = [key] }
    }

    var transport: ProviderTransport { ProviderTransport { [self] in try answer($0) } }

    func fetches(_ path: String) -> Int { state.withLock { $0.fetches[path] ?? 0 } }

    struct Down: Error {}

    private func answer(_ request: ProviderRequest) throws -> ProviderResponse {
        let path = String(request.url.dropFirst(Self.issuer.count))
        return try state.withLock { state in
            state.fetches[path, default: 0] += 1
            if let document = state.documents[path] {
                guard document.status > 0 else { throw Down() }
                return document
            }
            switch path {
            case "/.well-known/openid-configuration": return Self.json(200, Self.discovery)
            case "/keys": return Self.json(200, ["keys": .list(try state.keys.map(Self.jwk))])
            case "/token": return try token(request, &state)
            case "/userinfo": return Self.json(200, ["sub": state.subject])
            default: return Self.json(404, [:])
            }
        }
    }

    static let discovery: JSONValue = [
        "issuer": .text(issuer), "authorization_endpoint": .text(issuer + "/authorize"),
        "token_endpoint": .text(issuer + "/token"), "jwks_uri": .text(issuer + "/keys"),
        "userinfo_endpoint": .text(issuer + "/userinfo"), "end_session_endpoint": .text(issuer + "/logout"),
    ]

    static func json(_ status: Int, _ value: JSONValue) -> ProviderResponse {
        ProviderResponse(status: status, body: Data(value.bytes))
    }

    private func token(_ request: ProviderRequest, _ state: inout State) throws -> ProviderResponse {
        let fields = Dictionary(
            (request.form ?? "").split(separator: "&").map { pair in
                let sides = pair.split(separator: "=", maxSplits: 1)
                return (String(sides[0]), String(sides.last ?? "").removingPercentEncoding ?? "")
            }, uniquingKeysWith: { $1 })
        let pair = Data("neuroai:a%20secret%2F100%25".utf8).base64EncodedString()
        guard request.authorization == "Basic \(pair)" else { return Self.json(401, ["error": "invalid_client"]) }
        let challenge = Data(SHA256.hash(data: Data((fields["code_verifier"] ?? "").utf8))).base64URL
        guard fields["code"] == "the code", challenge == state.challenge,
            fields["redirect_uri"] == "https://neuroai.hospital.org/login/oidc/callback"
        else { return Self.json(400, ["error": "invalid_grant"]) }
        let token = try state.token(state.nonce)
        state.subject = (try? IDTokenVerifier.parse(token))?.claims["sub"] ?? .null
        return Self.json(200, ["id_token": .text(token), "access_token": "opened"])
    }

    static func jwk(_ key: Key) throws -> JSONValue {
        switch key {
        case .rsa(let key, let id):
            let parts = try key.publicKey.getKeyPrimitives()
            return [
                "kty": "RSA", "use": "sig", "kid": .text(id), "n": .text(parts.modulus.base64URL),
                "e": .text(parts.publicExponent.base64URL),
            ]
        case .p256(let key, let id):
            let point = key.publicKey.rawRepresentation
            return [
                "kty": "EC", "crv": "P-256", "kid": .text(id), "alg": "ES256", "x": .text(point.prefix(32).base64URL),
                "y": .text(point.suffix(32).base64URL),
            ]
        case .ed25519(let key, let id):
            return [
                "kty": "OKP", "crv": "Ed25519", "kid": .text(id),
                "x": .text(key.publicKey.rawRepresentation.base64URL),
            ]
        }
    }

    // MARK: Tokens

    /// A token in the compact form with any header.
    static func token(_ header: JSONValue, _ claims: JSONValue, _ sign: (Data) throws -> Data) rethrows -> String {
        let text = "\(Data(header.bytes).base64URL).\(Data(claims.bytes).base64URL)"
        return "\(text).\(try sign(Data(text.utf8)).base64URL)"
    }

    static func token(_ claims: JSONValue, _ key: Key, algorithm: String? = nil) throws -> String {
        switch key {
        case .rsa(let key, let id):
            let padding = algorithm?.hasPrefix("PS") == true ? _RSA.Signing.Padding.PSS : .insecurePKCS1v1_5
            return try token(["alg": .text(algorithm ?? "RS256"), "kid": .text(id)], claims) {
                try key.signature(for: SHA256.hash(data: $0), padding: padding).rawRepresentation
            }
        case .p256(let key, let id):
            return try token(["alg": .text(algorithm ?? "ES256"), "kid": .text(id)], claims) {
                try key.signature(for: $0).rawRepresentation
            }
        case .ed25519(let key, let id):
            return try token(["alg": .text(algorithm ?? "EdDSA"), "kid": .text(id)], claims) {
                try key.signature(for: $0)
            }
        }
    }
}

/// A hospital's server with this provider.
struct SingleSignOnFixture: Sendable {
    let clinic: FeaturesFixture
    let provider: ForgingProvider
    let service: SingleSignOnService

    static let origin = RequestOrigin(requestID: "r-1", address: "192.0.2.7")

    init(
        _ clinic: FeaturesFixture, _ change: (inout SingleSignOnSettings) -> Void = { _ in }
    ) throws {
        self.clinic = clinic
        provider = try ForgingProvider()
        var settings = SingleSignOnSettings(
            issuer: ForgingProvider.issuer, clientID: ForgingProvider.clientID,
            publicURL: "https://neuroai.hospital.org")
        settings.clientSecret = ForgingProvider.secret
        settings.providerName = "Hospital"
        settings.registration = .open
        settings.roleClaim = ClaimPath("realm_access.roles")
        settings.roles = [.init("neuro-admins", .admin), .init("neuro", .radiologist)]
        change(&settings)
        service = SingleSignOnService(
            sessions: clinic.sessions, settings: settings, transport: provider.transport,
            logger: .init(label: "test"))
    }

    /// The claims of a token that is valid now.
    func claims(_ nonce: String, _ more: [String: JSONValue] = [:]) -> JSONValue {
        let now = Int(clinic.clock.now.seconds)
        let usual: [String: JSONValue] = [
            "iss": .text(ForgingProvider.issuer), "aud": "neuroai", "sub": "s-1", "nonce": .text(nonce),
            "iat": .integer(now), "exp": .integer(now + 300), "email": "ada@hospital.org", "email_verified": true,
            "given_name": "Ada", "family_name": "Lovelace", "realm_access": ["roles": ["other", "neuro"]],
        ]
        return .object(usual.merging(more) { $1 }.filter { $0.value != .null })
    }

    /// Starts a sign-in and notes what the provider must know of it.
    func start(next: String? = nil) async throws -> (state: String, cookie: String) {
        let start = try await service.start(next: next, origin: Self.origin)
        let query = Dictionary(
            (URLComponents(string: start.url)?.queryItems ?? []).map { ($0.name, $0.value ?? "") },
            uniquingKeysWith: { $1 })
        #expect(query["code_challenge_method"] == "S256" && query["response_type"] == "code")
        #expect(query["scope"] == "openid email profile" && query["client_id"] == "neuroai")
        provider.state.withLock {
            $0.challenge = query["code_challenge"] ?? ""
            $0.nonce = query["nonce"] ?? ""
        }
        return (try #require(query["state"]), start.cookie)
    }

    func finish(
        _ state: String?, _ cookie: String?, code: String? = "the code", error: String? = nil, issuer: String? = nil
    ) async throws -> SingleSignOnService.Finish {
        try await service.finish(
            .init(state: state, code: code, error: error, issuer: issuer), cookie: cookie, origin: Self.origin)
    }

    /// A whole sign-in with these claims.
    @discardableResult
    func signIn(_ claims: [String: JSONValue] = [:]) async throws -> SingleSignOnService.Finish {
        provider.state.withLock { state in
            state.token = { try ForgingProvider.token(self.claims($0, claims), ForgingProvider.Key.usual.get()) }
        }
        let attempt = try await start()
        return try await finish(attempt.state, attempt.cookie)
    }

    /// The same with any token.
    func signIn(token: @escaping @Sendable (_ nonce: String) throws -> String) async throws {
        provider.state.withLock { $0.token = token }
        let attempt = try await start()
        _ = try await finish(attempt.state, attempt.cookie)
    }

    func scope(_ finish: SingleSignOnService.Finish) async throws -> Principal {
        try await clinic.sessions.authenticate(finish.signedIn.tokens.access, origin: Self.origin)
    }
}

/// Expects `work` to be refused for this reason, without a session or a user's address in the sentence.
func expectRefusal(
    _ reason: SingleSignOnRefusal, sourceLocation: SourceLocation = #_sourceLocation, _ work: () async throws -> Void
) async {
    await #expect(sourceLocation: sourceLocation) { try await work() } throws: { error in
        let expected = reason.error(provider: "Hospital")
        guard let error = error as? AppError else { return false }
        return error.code == expected.code && error.message == expected.message && !error.message.contains("@")
    }
}
