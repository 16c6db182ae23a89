import Basics
import Crypto
import Foundation
import Kernel

/// Protects data other than tokens by the service's secret: seals texts for the database, and digests texts that the
/// database must not contain. Both have separate keys.
package struct SecretBox: Sendable {
    private let sealing: [SymmetricKey]
    private let digesting: [SymmetricKey]

    /// - Parameter fallbacks: former secrets, which may still have sealed data.
    package init(secret: String, fallbacks: [String] = []) {
        let secrets = [secret] + fallbacks
        sealing = secrets.map { Self.key($0, "sealed texts") }
        digesting = secrets.map { Self.key($0, "digests") }
    }

    private static func key(_ secret: String, _ purpose: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Data(secret.utf8)), info: Data(purpose.utf8), outputByteCount: 32)
    }

    /// `data` encrypted by AES-GCM, in base64; only the same `owner` can open it.
    func seal(_ data: Data, for owner: String) throws -> String {
        let box = try AES.GCM.seal(data, using: sealing[0], authenticating: Data(owner.utf8))
        guard let combined = box.combined else { throw AppError(.internalFault, "A secret could not be encrypted.") }
        return combined.base64EncodedString()
    }

    /// `nil` if it was sealed with another secret or for another owner, or has been changed.
    func open(_ text: String, for owner: String) -> Data? {
        guard let data = Data(base64Encoded: text), let box = try? AES.GCM.SealedBox(combined: data) else { return nil }
        for key in sealing {
            if let opened = try? AES.GCM.open(box, using: key, authenticating: Data(owner.utf8)) { return opened }
        }
        return nil
    }

    /// A keyed digest in hexadecimal: without the secret, texts cannot be tested against it.
    func digest(_ text: String) -> String {
        Self.digest(text, digesting[0])
    }

    /// The same with each secret, the current one first.
    func digests(_ text: String) -> [String] {
        digesting.map { Self.digest(text, $0) }
    }

    /// Whether `digest` is one of `digests`; compares in constant time.
    func isValid(_ digest: String, of text: String) -> Bool {
        guard let code = [UInt8](hexadecimal: digest) else { return false }
        return digesting.contains { key in
            HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Data(text.utf8), using: key)
        }
    }

    private static func digest(_ text: String, _ key: SymmetricKey) -> String {
        HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key).hexadecimal
    }
}
