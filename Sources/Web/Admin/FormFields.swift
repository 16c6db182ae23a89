import Features
import Foundation
import Hummingbird

/// What a browser's form sends, in a body or in an address; a name may come several times.
struct FormFields: Sendable {
    /// One name with its value.
    struct Pair: Sendable, Equatable {
        let name: String
        let value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    let pairs: [Pair]

    /// - Throws: a validation error where the text is no form.
    init(_ text: String) throws {
        pairs = try text.split(separator: "&").map { part in
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return Pair(try Self.decoded(sides[0]), sides.count > 1 ? try Self.decoded(sides[1]) : "")
        }
    }

    static func body(of request: Request) async throws -> FormFields {
        var request = request
        let buffer = try await request.collectBody(upTo: JSON.bodyLimit)
        return try FormFields(String(buffer: buffer))
    }

    static func query(of request: Request) throws -> FormFields {
        try FormFields(request.uri.query ?? "")
    }

    /// The first value of this name.
    subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    private static func decoded(_ text: Substring) throws -> String {
        guard let decoded = text.replacing("+", with: " ").removingPercentEncoding else {
            throw AppError.invalid("non_field_errors", "The form could not be read.")
        }
        return decoded
    }
}

/// Addresses of the administration pages.
enum AdminAddress {
    static let root = "/admin/"

    static func table(_ name: String) -> String { root + name }

    static func object(_ table: String, _ id: String, _ page: String? = nil) -> String {
        "\(root)\(encoded(table))/\(encoded(id))" + (page.map { "/" + $0 } ?? "")
    }

    static func address(_ path: String, _ pairs: [FormFields.Pair]) -> String {
        let query = pairs.map { "\(encoded($0.name))=\(encoded($0.value))" }.joined(separator: "&")
        return query.isEmpty ? path : "\(path)?\(query)"
    }

    /// RFC 3986 §2.3: what need not be encoded anywhere.
    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }
}

extension AdminQuery {
    /// Reads `?search=&status=failed&sort=-createdAt&page=2`; names that the table does not know mean nothing.
    init(_ fields: FormFields, of table: AdminTable) throws {
        self.init()
        search = (fields["search"] ?? "").trimmed
        selections = table.filters.compactMap { filter in
            fields[filter.key].flatMap { $0.isEmpty ? nil : Selection(filter.key, $0.trimmed) }
        }
        if let text = fields["sort"], !text.isEmpty {
            isDescending = text.hasPrefix("-")
            sort = isDescending ? String(text.dropFirst()) : text
        }
        showsCounts = fields["counts"] == "1"
        if let text = fields["page"], !text.isEmpty {
            guard let number = Int(text), (1...1_000_000).contains(number) else {
                throw AppError.invalid("page", "This is a whole number from 1 on.")
            }
            page = number
        }
    }

    var pagePair: [FormFields.Pair] { page == 1 ? [] : [.init("page", String(page))] }

    /// The same as parts of an address, without the page's number.
    var pairs: [FormFields.Pair] {
        var pairs: [FormFields.Pair] = search.isEmpty ? [] : [.init("search", search)]
        pairs += selections.map { .init($0.key, $0.value) }
        if let sort { pairs.append(.init("sort", isDescending ? "-\(sort)" : sort)) }
        if showsCounts { pairs.append(.init("counts", "1")) }
        return pairs
    }
}
