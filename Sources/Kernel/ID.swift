import Foundation
import Storage

/// A typed identifier: a lower-case UUID that cannot be confused with another entity's.
package struct ID<Entity>: Hashable, Sendable, CustomStringConvertible {
    package let string: String

    /// A new random id.
    package init() {
        string = UUID().uuidString.lowercased()
    }

    /// A new id that sorts by time (UUID version 7, RFC 9562): appended rows are then added at the end of the key's
    /// index instead of on random pages.
    package static func timeOrdered(at time: Timestamp) -> ID {
        let (milliseconds, rest) = UInt64(clamping: time.microseconds).quotientAndRemainder(dividingBy: 1000)
        let fraction = rest * 4096 / 1000
        var bytes = UUID().uuid
        bytes.0 = UInt8(truncatingIfNeeded: milliseconds >> 40)
        bytes.1 = UInt8(truncatingIfNeeded: milliseconds >> 32)
        bytes.2 = UInt8(truncatingIfNeeded: milliseconds >> 24)
        bytes.3 = UInt8(truncatingIfNeeded: milliseconds >> 16)
        bytes.4 = UInt8(truncatingIfNeeded: milliseconds >> 8)
        bytes.5 = UInt8(truncatingIfNeeded: milliseconds)
        bytes.6 = 0x70 | UInt8(truncatingIfNeeded: fraction >> 8)
        bytes.7 = UInt8(truncatingIfNeeded: fraction)
        return ID(canonical: UUID(uuid: bytes).uuidString.lowercased())
    }

    /// `nil` if `text` is not a UUID.
    package init?(_ text: some StringProtocol) {
        guard let uuid = UUID(uuidString: String(text)) else { return nil }
        string = uuid.uuidString.lowercased()
    }

    /// - Parameter text: a UUID in lower case with its hyphens.
    init(canonical text: String) {
        string = text
    }

    package var description: String { string }
}

extension ID: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let id = Self(text) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not a UUID"))
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(string)
    }
}

extension ID: SQLConvertible {
    package var sqlValue: SQLValue { .text(string) }

    package init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        // Stored ids are canonical; a page of a list has fifty of them.
        if Self.isCanonical(text) { self.init(canonical: text) } else { self.init(text) }
    }

    /// Whether `text` is a UUID in lower case with its hyphens.
    private static func isCanonical(_ text: String) -> Bool {
        let hyphens = 1 << 8 | 1 << 13 | 1 << 18 | 1 << 23
        var text = text
        return text.withUTF8 { bytes in
            bytes.count == 36
                && bytes.indices.allSatisfy { index in
                    let isHyphenPlace = hyphens >> index & 1 == 1
                    return switch bytes[index] {
                    case UInt8(ascii: "-"): isHyphenPlace
                    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): !isHyphenPlace
                    default: false
                    }
                }
        }
    }
}
