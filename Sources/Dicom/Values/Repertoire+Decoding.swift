import Foundation

extension Repertoire {
    /// Undefined codes become U+FFFD.
    func decode(_ bytes: ArraySlice<UInt8>) -> String {
        switch self {
        case .ascii: String(decoding: bytes, as: Unicode.ASCII.self)
        case .latin1: String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        case .utf8: String(decoding: bytes, as: Unicode.UTF8.self)
        case .katakana: String(String.UnicodeScalarView(bytes.map(Self.katakana)))
        case .japanese: converted([0x1B, 0x24, 0x42], bytes)
        case .japaneseSupplement: converted([0x1B, 0x24, 0x28, 0x44], bytes)
        default: converted([], bytes)
        }
    }

    /// JIS X 0201: half-width katakana above 127. Its yen sign is read as the backslash that separates values.
    private static func katakana(_ byte: UInt8) -> Unicode.Scalar {
        switch byte {
        case 0xA1...0xDF: Unicode.Scalar(0xFF61 + UInt32(byte - 0xA1)) ?? "\u{FFFD}"
        case 0x80...: "\u{FFFD}"
        default: Unicode.Scalar(byte)
        }
    }

    private func converted(_ escape: [UInt8], _ bytes: ArraySlice<UInt8>) -> String {
        let encoding = String.Encoding(rawValue: 0x8000_0000 | coreFoundationEncoding)
        if let text = String(data: Data(escape + bytes), encoding: encoding) { return text }
        // One undefined code makes the conversion of the whole text fail.
        guard bytes.count > 1 else { return "\u{FFFD}" }
        let width = isTwoByte ? 2 : 1
        return stride(from: bytes.startIndex, to: bytes.endIndex, by: width).map { start in
            let piece = bytes[start..<min(start + width, bytes.endIndex)]
            return String(data: Data(escape + piece), encoding: encoding) ?? "\u{FFFD}"
        }.joined()
    }

    /// `CFStringEncodings`; Foundation takes them with the highest bit set.
    private var coreFoundationEncoding: UInt {
        switch self {
        case .ascii, .latin1, .utf8, .katakana: 0x0201
        case .latin2: 0x0202
        case .latin3: 0x0203
        case .latin4: 0x0204
        case .cyrillic: 0x0205
        case .arabic: 0x0206
        case .greek: 0x0207
        case .hebrew: 0x0208
        case .latin5: 0x0209
        case .thai: 0x020B
        case .latin9: 0x020F
        case .japanese, .japaneseSupplement: 0x0821
        case .korean: 0x0940
        case .chinese: 0x0930
        case .gb18030: 0x0632
        }
    }
}
