import Basics

/// Where a value is among the claims of an ID token: a claim's name, or the names of nested objects separated by dots
/// (`realm_access.roles`, as Keycloak sends them).
package struct ClaimPath: Sendable, Equatable {
    private let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// The texts at this path: a list's members, or a single text; empty if there are none.
    func values(in claims: JSONValue) -> [String] {
        switch Self.value(at: text[...], in: claims) {
        case .text(let value): [value]
        case .list(let members): members.compactMap(\.asText)
        default: []
        }
    }

    /// A name may itself contain dots (`https://example.org/roles`), so every dot is tried as the separator, and none
    /// first.
    private static func value(at path: Substring, in claims: JSONValue) -> JSONValue? {
        if let value = claims[String(path)] { return value }
        for dot in path.indices where path[dot] == "." {
            guard let members = claims[String(path[..<dot])], members.asObject != nil else { continue }
            if let value = value(at: path[path.index(after: dot)...], in: members) { return value }
        }
        return nil
    }
}
