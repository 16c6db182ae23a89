import Foundation
import Hummingbird

/// The query of a URL, decoded as HTML forms encode it: `+` is a space.
struct QueryItems: Sendable {
    /// One `name=value`.
    struct Item: Sendable, Equatable {
        let name: String
        /// `nil` if the text is not percent-encoded UTF-8.
        let value: String?
    }

    let items: [Item]

    init(_ query: String) {
        items = query.split(separator: "&").map { part in
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return Item(
                name: Self.decoded(sides[0]) ?? String(sides[0]),
                value: sides.count > 1 ? Self.decoded(sides[1]) : "")
        }
    }

    /// The first value with this name in either spelling; it may be empty.
    func value(_ name: String) -> String? {
        let wanted = name.camelCased
        return items.first { $0.name.camelCased == wanted }?.value
    }

    /// The same with another value for this name.
    func replacing(_ name: String, _ value: String) -> [FormFields.Pair] {
        let others = items.filter { $0.name.camelCased != name.camelCased }
        return others.map { .init($0.name, $0.value ?? "") } + [.init(name, value)]
    }

    private static func decoded(_ text: Substring) -> String? {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        return text.replacing("+", with: " ").removingPercentEncoding
    }
}

extension Request {
    var queryItems: QueryItems { QueryItems(uri.query ?? "") }
}

extension String {
    /// `page_size` as `pageSize`, by the rule of `JSONDecoder.KeyDecodingStrategy.convertFromSnakeCase`: leading and
    /// trailing underscores are kept.
    var camelCased: String {
        let start = prefix { $0 == "_" }
        guard start.count < count else { return self }
        let end = reversed().prefix { $0 == "_" }.count
        let words = dropFirst(start.count).dropLast(end).split(separator: "_")
        guard words.count > 1, let first = words.first else { return self }
        let others = words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }
        return String(start) + first.lowercased() + others.joined() + String(repeating: "_", count: end)
    }
}
