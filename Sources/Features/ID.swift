import Foundation
import Storage

/// A typed identifier: a lower-case UUID that can't be mistaken for another entity's.
package struct ID<Entity>: Hashable, Sendable, CustomStringConvertible {
    package let string: String

    /// A fresh random id.
    package init() {
        string = UUID().uuidString.lowercased()
    }

    /// Nil where `text` is not a UUID.
    package init?(_ text: some StringProtocol) {
        guard let uuid = UUID(uuidString: String(text)) else { return nil }
        string = uuid.uuidString.lowercased()
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
        self.init(text)
    }
}
