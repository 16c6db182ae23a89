import Foundation
import Kernel
import Rendering
import Storage

/// A user's stored second factor.
struct SecondFactor: Sendable {
    let user: UserID
    /// Sealed.
    let secret: String
    /// Active since this time.
    let confirmedAt: Timestamp?
    /// The newest step whose code was used.
    let lastStep: Int64
}

/// The status of a user's second factor.
package struct SecondFactorStatus: Sendable, Equatable, Encodable {
    package let isEnabled: Bool
    /// Whether the user's role requires one.
    package let isRequired: Bool
    package let recoveryCodesLeft: Int
}

/// The data for an authenticator app, shown once.
package struct SecondFactorEnrolment: Sendable, Equatable, Encodable {
    /// Base32, for manual entry.
    package let secret: String
    /// `otpauth://…`, for a QR code.
    package let uri: String

    init(_ codes: OneTimeCodes, account: String) {
        secret = codes.base32
        uri = codes.address(account: account)
    }

    /// The URI as a QR code (SVG).
    package func picture() throws -> Data { try QRCode(uri).svg }
}

/// Single-use codes for a lost device, shown once.
package struct RecoveryCodes: Sendable, Equatable, Encodable {
    package let recoveryCodes: [String]

    private static let count = 10
    /// Without letters and digits that look alike.
    private static let alphabet = Array("abcdefghjkmnpqrstuvwxyz23456789")

    /// 49 bits each, more than can be guessed within the throttle.
    init() {
        recoveryCodes = (0..<Self.count).map { _ in
            let letters = (0..<10).map { _ in Self.alphabet[Int.random(in: 0..<Self.alphabet.count)] }
            return String(letters[..<5]) + "-" + String(letters[5...])
        }
    }

    /// Normalised for comparison: without hyphens, in lower case.
    static func plain(_ code: String) -> String {
        code.lowercased().filter { $0.isLetter || $0.isNumber }
    }
}
