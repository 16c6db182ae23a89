import Foundation
import JWTKit
import Kernel
import Storage

/// Signs and reads the tokens of sessions: JSON Web Tokens under HS256 with the service's secret or, where the operator
/// has given a key pair, under RS256 or EdDSA. One key signs; former ones may still verify.
package struct TokenSigner: Sendable {
    /// A key with what a token's header must say for it to be tried: a header never chooses an algorithm that the
    /// key was not given for.
    private struct Verifier: Sendable {
        let id: String?
        let algorithm: String
        let keys: JWTKeyCollection
    }

    private let signing: Verifier
    private let verifiers: [Verifier]
    /// What else the secret protects.
    let box: SecretBox

    /// Shorter secrets can be guessed; RFC 7518 §3.2 asks for as many bits as the hash has.
    package static let leastSecretBytes = 32

    /// - Parameters:
    ///   - fallbacks: former secrets, whose tokens are still read.
    ///   - key: signs in place of the secret; tokens under the secret are then no longer read.
    ///   - formerKeys: read tokens that they signed before `key` came.
    package init(
        secret: String, fallbacks: [String] = [], key: TokenKey? = nil, formerKeys: [TokenKey] = []
    ) async throws {
        guard ([secret] + fallbacks).allSatisfy({ $0.utf8.count >= Self.leastSecretBytes }) else {
            throw AppError(.internalFault, "SECRET_KEY is too short: it needs \(Self.leastSecretBytes) bytes.")
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

    /// Nil where the header, the signature, the use or the time is wrong.
    func claims(_ token: String, use: SessionClaims.Use, at time: Timestamp) async -> SessionClaims? {
        guard let header = TokenHeader(token) else { return nil }
        for verifier in verifiers where verifier.id == header.kid && verifier.algorithm == header.alg {
            guard let claims = try? await verifier.keys.verify(token, as: SessionClaims.self) else { continue }
            return claims.use == use && time.seconds < claims.expiresAt ? claims : nil
        }
        return nil
    }
}

/// The parts of a token's header that name its key.
private struct TokenHeader: Decodable {
    let alg: String
    let kid: String?

    /// Nil where `token` has no readable header.
    init?(_ token: String) {
        guard let part = token.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).first,
            part.utf8.count <= 1024
        else { return nil }
        var text = part.replacing("-", with: "+").replacing("_", with: "/")
        text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: String(text)),
            let header = try? JSONDecoder().decode(Self.self, from: data)
        else { return nil }
        self = header
    }
}

/// What a session's token says.
struct SessionClaims: JWTPayload, Equatable {
    /// What a token is good for; one kind is never taken for the other.
    enum Use: String, Codable, Sendable {
        case access, refresh
    }

    let use: Use
    let user: UserID
    let institution: InstitutionID
    let session: SessionID
    /// Refresh tokens are known one by one.
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

    /// The time is compared with the service's own clock in `TokenSigner`.
    func verify(using algorithm: some JWTAlgorithm) throws {}
}
