import Foundation
import JWTKit
import Kernel
import Storage

/// Signs and verifies session tokens: JSON Web Tokens with HS256 and the service's secret or, if the operator has
/// configured a key pair, with RS256 or EdDSA. One key signs; former ones may still verify.
package struct TokenSigner: Sendable {
    /// A key with the header values for which it is used: a header cannot choose an algorithm that the key is not meant
    /// for.
    private struct Verifier: Sendable {
        let id: String?
        let algorithm: String
        let keys: JWTKeyCollection
    }

    private let signing: Verifier
    private let verifiers: [Verifier]
    /// For other data protected by the secret.
    let box: SecretBox

    /// Shorter secrets can be guessed; RFC 7518 §3.2 requires as many bits as the hash has.
    package static let minimumSecretBytes = 32

    /// - Parameters:
    ///   - fallbacks: former secrets, whose tokens are still accepted.
    ///   - key: signs instead of the secret; tokens signed with the secret are then rejected.
    ///   - formerKeys: verify tokens that they signed before `key`.
    package init(
        secret: String, fallbacks: [String] = [], key: TokenKey? = nil, formerKeys: [TokenKey] = []
    ) async throws {
        guard ([secret] + fallbacks).allSatisfy({ $0.utf8.count >= Self.minimumSecretBytes }) else {
            throw AppError(.internalFault, "SECRET_KEY is too short: it needs \(Self.minimumSecretBytes) bytes.")
        }
        box = SecretBox(secret: secret, fallbacks: fallbacks)
        var verifiers: [Verifier] = []
        if let key {
            guard key.canSign else {
                throw AppError(.internalFault, "The signing key must be a private key.")
            }
            for key in [key] + formerKeys {
                verifiers.append(Verifier(id: key.id, algorithm: key.algorithm, keys: await key.collection()))
            }
        } else {
            for secret in [secret] + fallbacks {
                let keys = JWTKeyCollection()
                await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
                verifiers.append(Verifier(id: nil, algorithm: "HS256", keys: keys))
            }
        }
        guard Set(verifiers.compactMap(\.id)).count == verifiers.compactMap(\.id).count else {
            throw AppError(.internalFault, "Two token keys have the same ID.")
        }
        signing = verifiers[0]
        self.verifiers = verifiers
    }

    func sign(_ claims: SessionClaims) async throws -> String {
        var header = JWTHeader()
        if let id = signing.id { header.kid = id }
        return try await signing.keys.sign(claims, header: header)
    }

    /// `nil` if the header, signature, use or time is invalid.
    func claims(_ token: String, use: SessionClaims.Use, at time: Timestamp) async -> SessionClaims? {
        guard let header = TokenHeader(token) else { return nil }
        for verifier in verifiers where verifier.id == header.kid && verifier.algorithm == header.alg {
            guard let claims = try? await verifier.keys.verify(token, as: SessionClaims.self) else { continue }
            return claims.use == use && time.seconds < claims.expiresAt ? claims : nil
        }
        return nil
    }
}

/// The parts of a token's header that identify its key.
struct TokenHeader: Decodable {
    let alg: String
    let kid: String?
    /// Extensions that a reader must understand.
    let crit: [String]?

    /// `nil` if `token` has no readable header.
    init?(_ token: String) {
        guard let part = token.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).first,
            part.utf8.count <= 1024, let data = Data(base64URL: part),
            let header = try? JSONDecoder().decode(Self.self, from: data)
        else { return nil }
        self = header
    }
}

extension Data {
    /// Base64 with the alphabet for URLs, without padding (RFC 7515 §2); `nil` if `text` is anything else.
    init?(base64URL text: some StringProtocol) {
        let isAlphabet = text.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
        }
        guard isAlphabet else { return nil }
        let plain = String(text).replacing("-", with: "+").replacing("_", with: "/")
        self.init(base64Encoded: plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4))
    }

    /// The same text.
    var base64URL: String {
        base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

/// The claims of a session's token.
struct SessionClaims: JWTPayload, Equatable {
    /// The purpose of a token; one kind is never accepted as the other.
    enum Use: String, Codable, Sendable {
        case access, refresh
        /// Opens an event stream from a URL.
        case ticket
    }

    let use: Use
    let user: UserID
    let institution: InstitutionID
    let session: SessionID
    /// Refresh tokens are stored individually.
    let id: ID<RefreshToken>
    /// Seconds since 1970.
    let issuedAt: Double
    let expiresAt: Double

    private enum CodingKeys: String, CodingKey {
        case use = "token_type"
        case user = "sub"
        case institution = "ins"
        case session = "sid"
        case id = "jti"
        case issuedAt = "iat"
        case expiresAt = "exp"
    }

    /// `TokenSigner` checks the time with the service's clock.
    func verify(using algorithm: some JWTAlgorithm) throws {}
}
