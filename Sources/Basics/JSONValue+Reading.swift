extension JSONValue {
    /// Why a text is not JSON, with the offset in bytes.
    package struct SyntaxError: Error, Equatable, CustomStringConvertible {
        package let reason: String
        package let offset: Int

        package var description: String { "Not JSON: \(reason) at byte \(offset)." }
    }

    /// How deeply lists and objects may be nested.
    package static let deepest = 256

    /// Numbers without fraction and exponent become integers, if they fit; of members with equal names the last is kept.
    ///
    /// - Throws: `SyntaxError` if the bytes are not one JSON value in UTF-8.
    package init(reading bytes: some Sequence<UInt8>) throws {
        let contiguous = try bytes.withContiguousStorageIfAvailable { try JSONValue(reading: $0) }
        self = try contiguous ?? Array(bytes).withUnsafeBufferPointer { try JSONValue(reading: $0) }
    }

    /// - Throws: `SyntaxError` if the text is not one JSON value.
    package init(reading text: String) throws {
        var text = text
        self = try text.withUTF8 { try JSONValue(reading: $0) }
    }

    private init(reading buffer: UnsafeBufferPointer<UInt8>) throws {
        var reader = JSONReader(bytes: buffer)
        self = try reader.document()
    }
}

/// A reader over the bytes of one document; it never outlives them.
private struct JSONReader {
    let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func document() throws -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw error("unexpected text after the value") }
        return value
    }

    private func error(_ reason: String) -> JSONValue.SyntaxError { .init(reason: reason, offset: position) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws -> JSONValue {
        guard depth <= JSONValue.deepest else { throw error("nested too deeply") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try list(depth: depth)
        case UInt8(ascii: "\""): return .text(try text())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case nil: throw error("unexpected end")
        case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte): return try number()
        default: throw error("unexpected character")
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        for offset in 0..<word.utf8CodeUnitCount {
            guard next == word.utf8Start[offset] else { throw error("unexpected character") }
            position += 1
        }
        return value
    }

    private mutating func list(depth: Int) throws -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipSpace()
        if take("]") { return .list(values) }
        repeat {
            values.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw error("expected ',' or ']'") }
        return .list(values)
    }

    private mutating func object(depth: Int) throws -> JSONValue {
        position += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw error("expected a member's name") }
            let name = try text()
            skipSpace()
            guard take(":") else { throw error("expected ':'") }
            members[name] = try value(depth: depth + 1)
            skipSpace()
        } while take(",")
        guard take("}") else { throw error("expected ',' or '}'") }
        return .object(members)
    }

    // MARK: Numbers

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = next, Self.isDigit(byte) { position += 1 }
        return position - start
    }

    private mutating func number() throws -> JSONValue {
        let start = position
        var isInteger = true
        _ = take("-")
        let hasLeadingZero = next == UInt8(ascii: "0")
        let digits = skipDigits()
        guard digits == 1 || (digits > 1 && !hasLeadingZero) else { throw error("malformed number") }
        if take(".") {
            isInteger = false
            guard skipDigits() > 0 else { throw error("malformed number") }
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            guard skipDigits() > 0 else { throw error("malformed number") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw error("number out of range") }
        return .number(value)
    }

    // MARK: Texts

    private mutating func text() throws -> String {
        position += 1
        let start = position
        while let byte = next, byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\") { return try escapedText(from: start) }
            guard byte >= 0x20 else { throw error("control character in a string") }
            position += 1
        }
        guard let text = String(validating: bytes[start..<position], as: UTF8.self) else {
            throw error("invalid UTF-8")
        }
        guard take("\"") else { throw error("unterminated string") }
        return text
    }

    private mutating func escapedText(from start: Int) throws -> String {
        var units = Array(bytes[start..<position])
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw error("control character in a string") }
            position += 1
            if byte == UInt8(ascii: "\\") {
                units.append(contentsOf: UTF8.encode(try escaped())?.map { $0 } ?? [])
            } else {
                units.append(byte)
            }
        }
        guard take("\"") else { throw error("unterminated string") }
        guard let text = String(validating: units, as: UTF8.self) else { throw error("invalid UTF-8") }
        return text
    }

    private mutating func escaped() throws -> Unicode.Scalar {
        guard let byte = next else { throw error("unterminated string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw error("unknown escape")
        }
    }

    private mutating func unicodeEscape() throws -> Unicode.Scalar {
        let unit = try hexUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard UTF16.isLeadSurrogate(unit), take("\\"), take("u") else { throw error("unpaired surrogate") }
        let low = try hexUnit()
        guard UTF16.isTrailSurrogate(low) else { throw error("unpaired surrogate") }
        return UTF16.decode(UTF16.EncodedScalar([unit, low]))
    }

    private mutating func hexUnit() throws -> UInt16 {
        guard position + 4 <= bytes.count else { throw error("malformed escape") }
        var unit: UInt16 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw error("malformed escape")
            }
            unit = unit << 4 | UInt16(digit)
        }
        position += 4
        return unit
    }
}
