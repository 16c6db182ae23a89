import Foundation

/// A header's value with its parameters (RFC 9110 §5.6.6): `form-data; name="file"; filename=t1.nii.gz`.
struct HeaderParameters {
    /// The text before the first semicolon, in lower case.
    let value: String
    /// By name in lower case; the first one of a repeated name.
    private let parameters: [String: String]

    init(_ text: some StringProtocol) {
        var rest = Substring(text)
        value = Self.token(&rest).lowercased()
        var parameters: [String: String] = [:]
        while let semicolon = rest.firstIndex(of: ";") {
            rest = rest[rest.index(after: semicolon)...]
            guard let equals = rest.firstIndex(where: { $0 == "=" || $0 == ";" }), rest[equals] == "=" else { continue }
            let name = rest[..<equals].trimmingCharacters(in: .whitespaces).lowercased()
            rest = rest[rest.index(after: equals)...].drop { $0 == " " || $0 == "\t" }
            let value = rest.first == "\"" ? Self.quoted(&rest) : Self.token(&rest)
            if parameters[name] == nil { parameters[name] = value }
        }
        self.parameters = parameters
    }

    /// The parameter with this name; the extended form of RFC 8187, `name*=UTF-8''t1%20scan.nii`, takes precedence.
    subscript(name: String) -> String? {
        parameters[name + "*"].flatMap(Self.extended) ?? parameters[name]
    }

    private static func token(_ rest: inout Substring) -> String {
        let end = rest.firstIndex(of: ";") ?? rest.endIndex
        defer { rest = rest[end...] }
        return rest[..<end].trimmingCharacters(in: .whitespaces)
    }

    /// A backslash escapes a quote or another backslash. Otherwise it is literal: browsers have long sent Windows paths
    /// unescaped.
    private static func quoted(_ rest: inout Substring) -> String {
        rest = rest.dropFirst()
        var value = ""
        while let character = rest.popFirst(), character != "\"" {
            let isEscape = character == "\\" && (rest.first == "\"" || rest.first == "\\")
            if isEscape, let kept = rest.popFirst() { value.append(kept) } else { value.append(character) }
        }
        return value
    }

    /// `nil` if the text has an unknown character set or an invalid encoding.
    private static func extended(_ text: String) -> String? {
        let parts = text.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        switch parts[0].lowercased() {
        case "utf-8": return parts[2].removingPercentEncoding
        case "iso-8859-1":
            // Each byte becomes the scalar with its value.
            let bytes = parts[2].removingPercentEncodingAsLatin
            return bytes.map { String(String.UnicodeScalarView($0.map { Unicode.Scalar($0) })) }
        default: return nil
        }
    }
}

extension Substring {
    /// The percent-decoded bytes; `nil` if the encoding is invalid.
    fileprivate var removingPercentEncodingAsLatin: [UInt8]? {
        var bytes: [UInt8] = []
        var rest = utf8.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next(), let low = rest.next(),
                let number = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(number)
        }
        return bytes
    }
}
