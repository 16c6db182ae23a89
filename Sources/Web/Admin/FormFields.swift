import Administration
import Foundation
import Hummingbird
import Kernel

/// The fields of a browser's form, from a body or a query; names may repeat.
struct FormFields: Sendable {
    /// A name with its value.
    struct Pair: Sendable, Equatable {
        let name: String
        let value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    let pairs: [Pair]

    /// More than the largest list submits.
    static let fieldLimit = 10_000

    /// - Throws: a validation error if the text is not a form, or has too many fields.
    init(_ text: String) throws {
        try self.init(bytes: Array(text.utf8))
    }

    init(bytes: [UInt8]) throws {
        // Before decoding.
        guard bytes.count(where: { $0 == UInt8(ascii: "&") }) < Self.fieldLimit else {
            throw AppError.invalid(
                "non_field_errors", "Too many form fields. The limit is \(Self.fieldLimit).")
        }
        var pairs: [Pair] = []
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            let sides = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decoded(sides[0])
            guard name.utf8.allSatisfy(Self.isOfName) else {
                throw AppError.invalid(
                    "non_field_errors", "Form field names may contain only letters, digits, -, _, . and :.")
            }
            pairs.append(Pair(name, sides.count > 1 ? try Self.decoded(sides[1]) : ""))
        }
        self.pairs = pairs
    }

    static func body(of request: Request, atMost limit: Int = JSON.bodyLimit) async throws -> FormFields {
        var request = request
        let bytes = Array(try await request.collectedBody(upTo: limit).readableBytesView)
        return try await LongDecoding.run(bytes: bytes.count) { try FormFields(bytes: bytes) }
    }

    /// Decodes the fields to a type with text members.
    ///
    /// - Throws: a validation error if a field occurs more than once.
    func decoded<Form: Decodable>(as type: Form.Type) throws -> Form {
        var values: [String: String] = [:]
        for pair in pairs {
            guard values.updateValue(pair.value, forKey: pair.name) == nil else {
                throw AppError.invalid(pair.name, "Send this field only once.")
            }
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(type, from: JSON.encoded(values))
        } catch is DecodingError {
            throw Self.unreadable
        }
    }

    static func query(of request: Request) throws -> FormFields {
        try FormFields(request.uri.query ?? "")
    }

    /// The first value with this name.
    subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    /// Decodes a name or a value: `+` is a space and `%` precedes two hexadecimal digits.
    private static func decoded(_ text: ArraySlice<UInt8>) throws -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(hexDigit), let low = rest.next().flatMap(hexDigit) else {
                    throw unreadable
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw unreadable }
        return decoded
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).hexDigitValue.map { UInt8($0) }
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || [45, 46, 58, 95].contains(byte)
    }

    private static let unreadable = AppError.invalid(
        "non_field_errors", "Invalid form encoding. Use percent-encoded UTF-8.")
}

/// URLs of the administration pages.
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

    /// RFC 3986 §2.3: characters that never need encoding.
    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }
}

extension AdminQuery {
    /// Parses `?search=&status=failed&sort=-createdAt&page=2`; unknown names are ignored.
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
                throw AppError.invalid("page", "Must be a positive integer.")
            }
            page = number
        }
    }

    var pagePair: [FormFields.Pair] { page == 1 ? [] : [.init("page", String(page))] }

    /// The same as query parameters, without the page.
    var pairs: [FormFields.Pair] {
        var pairs: [FormFields.Pair] = search.isEmpty ? [] : [.init("search", search)]
        pairs += selections.map { .init($0.key, $0.value) }
        if let sort { pairs.append(.init("sort", isDescending ? "-\(sort)" : sort)) }
        if showsCounts { pairs.append(.init("counts", "1")) }
        return pairs
    }
}
