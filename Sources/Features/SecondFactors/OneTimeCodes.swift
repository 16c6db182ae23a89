import Crypto
import Foundation
import Storage

/// Time-based one-time codes (RFC 6238) with the parameters that all authenticator apps support: SHA-1, six digits,
/// steps of 30 seconds.
struct OneTimeCodes: Sendable {
    static let digits = 6
    private static let period: Int64 = 30
    /// RFC 4226 §4 requires at least 128 bits and recommends 160.
    private static let secretBytes = 20

    let secret: Data

    init(secret: Data) {
        self.secret = secret
    }

    static func fresh() -> OneTimeCodes {
        OneTimeCodes(secret: Data((0..<secretBytes).map { _ in UInt8.random(in: .min ... .max) }))
    }

    static func step(at time: Timestamp) -> Int64 { time.microseconds / 1_000_000 / period }

    /// RFC 4226 §5.3.
    func code(step: Int64, digits: Int = Self.digits) -> String {
        let counter = withUnsafeBytes(of: UInt64(step).bigEndian) { Data($0) }
        let code = HMAC<Insecure.SHA1>.authenticationCode(for: counter, using: SymmetricKey(data: secret))
        let bytes = Array(code)
        let offset = Int(bytes[19] & 0x0f)
        let number = bytes[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7fff_ffff
        let text = String(number)
        return String((String(repeating: "0", count: max(0, digits - text.count)) + text).suffix(digits))
    }

    /// The step that `code` belongs to; one step before or after the current one is accepted for clock differences.
    func step(of code: String, at time: Timestamp) -> Int64? {
        let present = Self.step(at: time)
        return [present, present - 1, present + 1].first { self.code(step: $0) == code }
    }

    /// For manual entry in an app.
    var base32: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var text = ""
        var bits = 0
        var value = 0
        for byte in secret {
            value = value << 8 | Int(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[value >> bits & 31])
            }
            value &= (1 << bits) - 1
        }
        if bits > 0 { text.append(alphabet[value << (5 - bits) & 31]) }
        return text
    }

    /// For a QR code (Google's key URI format).
    func address(account: String) -> String {
        let name = account.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return "otpauth://totp/NeuroAI:\(name)?secret=\(base32)&issuer=NeuroAI&algorithm=SHA1"
            + "&digits=\(Self.digits)&period=\(Self.period)"
    }
}
