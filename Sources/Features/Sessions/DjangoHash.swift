import Crypto
import CryptoExtras
import Foundation

/// A password hash in Django's format, `pbkdf2_sha256$iterations$salt$base64`, so that accounts can be imported
/// unchanged.
struct DjangoHash: Sendable {
    /// Django 6 uses 1.2 million. The number is stored in the row, and a wrong one must not block a thread for hours.
    private static let iterationRange = 1...4_000_000

    private let iterations: Int
    private let salt: String
    private let digest: Data

    /// `nil` if `text` is not such a hash or needs more work than any Django version.
    init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "pbkdf2_sha256", let iterations = Int(parts[1]),
            Self.iterationRange.contains(iterations), (1...128).contains(parts[2].utf8.count),
            let digest = Data(base64Encoded: String(parts[3])), digest.count == 32
        else { return nil }
        self.iterations = iterations
        salt = String(parts[2])
        self.digest = digest
    }

    func matches(_ password: String) throws -> Bool {
        let key = try KDF.Insecure.PBKDF2.deriveKey(
            from: Data(password.utf8), salt: Data(salt.utf8), using: .sha256, outputByteCount: digest.count,
            unsafeUncheckedRounds: iterations)
        // Compares in constant time.
        return key == SymmetricKey(data: digest)
    }
}
