import Crypto
import Foundation
import Kernel

/// A checksum that the client computed for the bytes it sends (tus checksum extension).
package struct UploadChecksum: Sendable {
    /// The supported algorithms, by their tus names.
    package static let algorithms = ["sha1", "sha256", "md5"]

    private enum Digest: Sendable {
        case sha1(Insecure.SHA1)
        case sha256(SHA256)
        case md5(Insecure.MD5)
    }

    private var digest: Digest
    private let expected: Data

    /// Parses `sha1 <base64>`.
    ///
    /// - Throws: a validation error if the algorithm is not supported or the checksum is not valid base64.
    package init(_ header: String) throws {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let expected = Data(base64Encoded: String(parts[1]).trimmed) else {
            throw AppError.invalid("Upload-Checksum", "Must be the algorithm, a space and the Base64 digest.")
        }
        self.expected = expected
        switch parts[0] {
        case "sha1": digest = .sha1(Insecure.SHA1())
        case "sha256": digest = .sha256(SHA256())
        case "md5": digest = .md5(Insecure.MD5())
        default:
            throw AppError.invalid(
                "Upload-Checksum", "Must be one of \(Self.algorithms.joined(separator: ", ")).")
        }
    }

    mutating func add(_ bytes: Data) {
        switch digest {
        case .sha1(var hash):
            hash.update(data: bytes)
            digest = .sha1(hash)
        case .sha256(var hash):
            hash.update(data: bytes)
            digest = .sha256(hash)
        case .md5(var hash):
            hash.update(data: bytes)
            digest = .md5(hash)
        }
    }

    var matches: Bool {
        switch digest {
        case .sha1(let hash): Data(hash.finalize()) == expected
        case .sha256(let hash): Data(hash.finalize()) == expected
        case .md5(let hash): Data(hash.finalize()) == expected
        }
    }
}
