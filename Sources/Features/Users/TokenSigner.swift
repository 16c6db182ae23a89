import Foundation
import JWTKit
import Storage

/// Signs and reads the tokens of sessions: JSON Web Tokens under HS256.
package struct TokenSigner: Sendable {
    private let keys: JWTKeyCollection

    /// Shorter secrets can be guessed; RFC 7518 §3.2 asks for as many bits as the hash has.
    package static let leastSecretBytes = 32

    package init(secret: String) async throws {
        guard secret.utf8.count >= Self.leastSecretBytes else {
            throw AppError(.internalFault, "SECRET_KEY is too short: it needs \(Self.leastSecretBytes) bytes.")
        }
        keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
    }

    func sign(_ claims: SessionClaims) async throws -> String {
        try await keys.sign(claims)
    }

    /// Nil where the signature, the use or the time is wrong.
    func claims(_ token: String, use: SessionClaims.Use, at time: Timestamp) async -> SessionClaims? {
        guard let claims = try? await keys.verify(token, as: SessionClaims.self), claims.use == use,
            time.seconds < claims.expiresAt
        else { return nil }
        return claims
    }
}

/// What a session's token says.
struct SessionClaims: JWTPayload, Equatable {
    /// What a token is good for; one kind is never taken for the other.
    enum Use: String, Codable, Sendable {
        case access, refresh
    }

    let use: Use
    let user: ID<User>
    let institution: ID<Institution>
    let session: ID<Session>
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
