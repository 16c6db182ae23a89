import Crypto
import CryptoExtras
import Foundation
import Storage
import Testing

@testable import Features
@testable import Kernel

@Suite struct TokenSignerTests {
    private static let secret = String(repeating: "a", count: 32)
    private static let noon = Timestamp(microseconds: 50_000_000)
    private static let claims = SessionClaims(
        use: .access, user: ID(), institution: ID(), session: ID(), id: ID(), issuedAt: 0, expiresAt: 100)

    private static func edwards() -> (private: String, public: String) {
        let key = Curve25519.Signing.PrivateKey()
        return (key.pemRepresentation, key.publicKey.pemRepresentation)
    }

    private static func rsa() throws -> (private: String, public: String) {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        return (key.pkcs8PEMRepresentation, key.publicKey.pemRepresentation)
    }

    private static func base64(_ text: String) -> String {
        Data(text.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
            "=", with: "")
    }

    /// `token` with another header, signed by HMAC with `key`, or unsigned.
    private static func forged(_ token: String, header: String, key: String?) -> String {
        let payload = token.split(separator: ".")[1]
        let signed = "\(base64(header)).\(payload)"
        guard let key else { return signed + "." }
        let code = HMAC<SHA256>.authenticationCode(
            for: Data(signed.utf8), using: SymmetricKey(data: Data(key.utf8)))
        let signature = Data(code).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
        return "\(signed).\(signature)"
    }

    @Test func shortSecretsAreRefused() async throws {
        await #expect(throws: AppError.self) { try await TokenSigner(secret: "short") }
        await #expect(throws: AppError.self) { try await TokenSigner(secret: Self.secret, fallbacks: ["short"]) }
    }

    @Test func tokensOfAnotherSecretAreRefused() async throws {
        let one = try await TokenSigner(secret: Self.secret)
        let other = try await TokenSigner(secret: String(repeating: "b", count: 32))
        let token = try await one.sign(Self.claims)
        #expect(await one.claims(token, use: .access, at: Timestamp(microseconds: 99_000_000)) == Self.claims)
        #expect(await one.claims(token, use: .access, at: Timestamp(microseconds: 100_000_000)) == nil)
        #expect(await one.claims(token, use: .refresh, at: Self.noon) == nil)
        #expect(await other.claims(token, use: .access, at: Timestamp(microseconds: 0)) == nil)
    }

    @Test func aFormerSecretStillReads() async throws {
        let former = try await TokenSigner(secret: Self.secret)
        let present = try await TokenSigner(secret: String(repeating: "b", count: 32), fallbacks: [Self.secret])
        let token = try await former.sign(Self.claims)
        #expect(await present.claims(token, use: .access, at: Self.noon) == Self.claims)
        let fresh = try await present.sign(Self.claims)
        #expect(await former.claims(fresh, use: .access, at: Self.noon) == nil)
    }

    @Test func theHeaderChoosesNoAlgorithm() async throws {
        let pair = try Self.rsa()
        let rsa = try await TokenSigner(secret: Self.secret, key: try TokenKey(id: "k1", pem: pair.private))
        let good = try await rsa.sign(Self.claims)
        #expect(await rsa.claims(good, use: .access, at: Self.noon) == Self.claims)
        let hmac = try await TokenSigner(secret: Self.secret)
        let plain = try await hmac.sign(Self.claims)
        for (name, signer, token) in [
            ("none", rsa, Self.forged(good, header: #"{"alg":"none","kid":"k1"}"#, key: nil)),
            ("None without kid", rsa, Self.forged(good, header: #"{"alg":"None"}"#, key: nil)),
            ("public key as secret", rsa, Self.forged(good, header: #"{"alg":"HS256","kid":"k1"}"#, key: pair.public)),
            ("public key, no kid", rsa, Self.forged(good, header: #"{"alg":"HS256"}"#, key: pair.public)),
            ("the service's secret", rsa, plain),
            ("other kid", rsa, Self.forged(good, header: #"{"alg":"RS256","kid":"k2"}"#, key: nil)),
            ("none under HS256", hmac, Self.forged(plain, header: #"{"alg":"none"}"#, key: nil)),
            (
                "unknown kid under HS256", hmac,
                Self.forged(plain, header: #"{"alg":"HS256","kid":"x"}"#, key: Self.secret)
            ),
            ("HS512", hmac, Self.forged(plain, header: #"{"alg":"HS512"}"#, key: Self.secret)),
            ("no header", hmac, "." + plain.split(separator: ".").dropFirst().joined(separator: ".")),
        ] {
            #expect(await signer.claims(token, use: .access, at: Self.noon) == nil, "\(name)")
        }
        // The forging function works: with the right header it makes a token that the signer accepts.
        let same = Self.forged(plain, header: #"{"alg":"HS256","typ":"JWT"}"#, key: Self.secret)
        #expect(await hmac.claims(same, use: .access, at: Self.noon) == Self.claims)
    }

    @Test func keysRotate() async throws {
        let old = Self.edwards()
        let new = Self.edwards()
        let before = try await TokenSigner(secret: Self.secret, key: try TokenKey(id: "2025", pem: old.private))
        let token = try await before.sign(Self.claims)
        let after = try await TokenSigner(
            secret: Self.secret, key: try TokenKey(id: "2026", pem: new.private),
            formerKeys: [try TokenKey(id: "2025", pem: old.public)])
        #expect(await after.claims(token, use: .access, at: Self.noon) == Self.claims)
        let fresh = try await after.sign(Self.claims)
        #expect(await after.claims(fresh, use: .access, at: Self.noon) == Self.claims)
        // A key that is no longer listed is rejected, and so is its id with another key.
        let alone = try await TokenSigner(secret: Self.secret, key: try TokenKey(id: "2026", pem: new.private))
        #expect(await alone.claims(token, use: .access, at: Self.noon) == nil)
        let renamed = try await TokenSigner(secret: Self.secret, key: try TokenKey(id: "2025", pem: new.private))
        #expect(await renamed.claims(token, use: .access, at: Self.noon) == nil)
    }

    @Test func aKeyMustFit() async throws {
        let pair = Self.edwards()
        let key = try TokenKey(id: "a", pem: pair.public)
        #expect(key.algorithm == "EdDSA" && !key.canSign)
        await #expect(throws: AppError.self) { try await TokenSigner(secret: Self.secret, key: key) }
        let twin = try TokenKey(id: "a", pem: pair.private)
        await #expect(throws: AppError.self) {
            try await TokenSigner(secret: Self.secret, key: twin, formerKeys: [key])
        }
        #expect(throws: AppError.self) { try TokenKey(id: "a", pem: "nonsense") }
        #expect(throws: AppError.self) { try TokenKey(id: "", pem: pair.private) }
    }
}
