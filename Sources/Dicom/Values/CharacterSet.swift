/// Specific Character Set (PS3.3 §C.12.1.1.2): the repertoire of a data set's text and those that escape sequences select.
package struct CharacterSet: Equatable, Sendable {
    /// The repertoire in use where no escape sequence has selected another.
    let initial: Repertoire
    /// Whether escape sequences are interpreted (ISO 2022).
    let hasExtensions: Bool

    /// The default repertoire. Bytes above 127, which it does not define, are read as Latin-1.
    package static let standard = CharacterSet(initial: .latin1, hasExtensions: true)
    package static let utf8 = CharacterSet(initial: .utf8, hasExtensions: false)

    private init(initial: Repertoire, hasExtensions: Bool) {
        self.initial = initial
        self.hasExtensions = hasExtensions
    }

    init(_ element: DataElement) {
        let names = String(decoding: element.bytes, as: Unicode.ASCII.self).split(
            separator: "\\", omittingEmptySubsequences: false)
        let first = names.first.map(Self.normalised) ?? ""
        switch first {
        case "ISO_IR 192": self = .utf8
        case "GB18030", "GBK": self.init(initial: .gb18030, hasExtensions: false)
        default: self.init(initial: Repertoire(term: first) ?? .latin1, hasExtensions: true)
        }
    }

    /// Writers differ in `ISO_IR 100`, `ISO-IR 100` and `ISO 2022 IR 100`.
    private static func normalised(_ name: Substring) -> String {
        let trimmed = name.filter { $0 != "\0" }.split(separator: " ").joined(separator: " ")
        return trimmed.replacing("ISO-IR", with: "ISO_IR").replacing("ISO IR", with: "ISO_IR")
            .replacing("ISO 2022 IR", with: "ISO_IR").replacing("ISO_2022_IR", with: "ISO_IR")
    }

    /// Decodes a whole value, before it is split at backslashes: in some repertoires a backslash's code is part of a character.
    package func decode(_ bytes: ArraySlice<UInt8>) -> String {
        if bytes.allSatisfy({ $0 < 0x80 && $0 != 0x1B }) {
            return String(decoding: bytes, as: Unicode.ASCII.self)
        }
        guard hasExtensions else { return initial.decode(bytes) }
        var decoder = ISO2022Decoder(initial: initial)
        return decoder.decode(bytes)
    }
}

/// A coded character set.
enum Repertoire: Equatable, Sendable {
    case ascii, latin1, latin2, latin3, latin4, cyrillic, arabic, greek, hebrew, latin5, latin9, thai
    /// JIS X 0201.
    case katakana
    /// Two bytes for each character.
    case japanese, japaneseSupplement, korean, chinese
    case utf8, gb18030

    /// A defined term of table C.12-2 to C.12-5, as `ISO_IR n`.
    init?(term: String) {
        switch term {
        case "", "ISO_IR 6": self = .latin1
        case "ISO_IR 13": self = .katakana
        case "ISO_IR 100": self = .latin1
        case "ISO_IR 101": self = .latin2
        case "ISO_IR 109": self = .latin3
        case "ISO_IR 110": self = .latin4
        case "ISO_IR 126": self = .greek
        case "ISO_IR 127": self = .arabic
        case "ISO_IR 138": self = .hebrew
        case "ISO_IR 144": self = .cyrillic
        case "ISO_IR 148": self = .latin5
        case "ISO_IR 166": self = .thai
        case "ISO_IR 203": self = .latin9
        case "ISO_IR 149": self = .korean
        case "ISO_IR 58": self = .chinese
        default: return nil
        }
    }

    var isTwoByte: Bool {
        switch self {
        case .japanese, .japaneseSupplement, .korean, .chinese: true
        default: false
        }
    }
}
