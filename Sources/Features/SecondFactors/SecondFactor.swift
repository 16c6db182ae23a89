import Foundation
import Kernel
import Rendering
import Storage

/// A user's second factor as it is stored.
struct SecondFactor: Sendable {
    let user: UserID
    /// Sealed.
    let secret: String
    /// It counts from here on.
    let confirmedAt: Timestamp?
    /// The newest step whose code was taken.
    let lastStep: Int64
}

/// How it stands with a user's second factor.
package struct SecondFactorStatus: Sendable, Equatable, Encodable {
    package let isEnabled: Bool
    /// Whether the user's role must have one.
    package let isRequired: Bool
    package let recoveryCodesLeft: Int
}

/// What an authenticator app needs, shown once.
package struct SecondFactorEnrolment: Sendable, Equatable, Encodable {
    /// Base32, to be typed in.
    package let secret: String
    /// `otpauth://…`, to be shown as a QR code.
    package let uri: String

    init(_ codes: OneTimeCodes, account: String) {
        secret = codes.base32
        uri = codes.address(account: account)
    }

    /// The address as a picture (SVG), for the app's camera.
    package func picture() throws -> Data { try QRCode(uri).svg }
}

/// Codes for a lost device, shown once; each is good once.
package struct RecoveryCodes: Sendable, Equatable, Encodable {
    package let recoveryCodes: [String]

    private static let count = 10
    /// Without letters and digits that look alike.
    private static let alphabet = Array("abcdefghjkmnpqrstuvwxyz23456789")

    /// 49 bits each, more than the throttle lets anybody guess.
    init() {
        recoveryCodes = (0..<Self.count).map { _ in
            let letters = (0..<10).map { _ in Self.alphabet[Int.random(in: 0..<Self.alphabet.count)] }
            return String(letters[..<5]) + "-" + String(letters[5...])
        }
    }

    /// As it is compared: people leave the hyphen out or write capitals.
    static func plain(_ code: String) -> String {
        code.lowercased().filter { $0.isLetter || $0.isNumber }
    }
}
