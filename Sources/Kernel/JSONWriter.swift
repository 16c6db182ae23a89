import Storage

/// A value that writes its own JSON, byte for byte as `JSONEncoder` would: for frequently requested lists, where
/// encoding takes most of the time.
package protocol JSONWritable: Encodable {
    func write(to writer: inout JSONWriter)
}

extension Array: JSONWritable where Element: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.array(self)
    }
}

/// Writes JSON directly as bytes. Keys are written in the order of the calls, so callers sort them as the API's encoder
/// does.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    /// Whether the next key or element is the first of its object or array.
    private var isFirst = true

    package init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        nest(open: UInt8(ascii: "{"), close: UInt8(ascii: "}"), body)
    }

    package mutating func array(_ elements: [some JSONWritable]) {
        nest(open: UInt8(ascii: "["), close: UInt8(ascii: "]")) { writer in
            for element in elements {
                writer.separate()
                element.write(to: &writer)
            }
        }
    }

    /// Constant keys need no escaping.
    package mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    package mutating func field(_ name: StaticString, _ text: String?) {
        key(name)
        if let text { string(text) } else { null() }
    }

    package mutating func field(_ name: StaticString, _ number: Int?) {
        key(name)
        if let number { bytes.append(contentsOf: String(number).utf8) } else { null() }
    }

    package mutating func field(_ name: StaticString, _ flag: Bool?) {
        key(name)
        if let flag { bytes.append(contentsOf: (flag ? "true" : "false").utf8) } else { null() }
    }

    package mutating func field(_ name: StaticString, _ texts: [String]?) {
        key(name)
        guard let texts else { return null() }
        nest(open: UInt8(ascii: "["), close: UInt8(ascii: "]")) { writer in
            for text in texts {
                writer.separate()
                writer.string(text)
            }
        }
    }

    package mutating func field(_ name: StaticString, _ time: Timestamp?) {
        key(name)
        guard let time else { return null() }
        bytes.append(UInt8(ascii: "\""))
        time.append(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func null() {
        bytes.append(contentsOf: "null".utf8)
    }

    private mutating func nest(open: UInt8, close: UInt8, _ body: (inout JSONWriter) -> Void) {
        bytes.append(open)
        isFirst = true
        body(&self)
        isFirst = false
        bytes.append(close)
    }

    private mutating func separate() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
    }

    private mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            if Self.needsEscapes(utf8) {
                for byte in utf8 { escaped(byte) }
            } else {
                bytes.append(contentsOf: utf8)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// No early exit, so that the compiler vectorises the loop to sixteen bytes.
    private static func needsEscapes(_ utf8: UnsafeBufferPointer<UInt8>) -> Bool {
        var found: UInt8 = 0
        for byte in utf8 {
            found |= byte < 32 ? 1 : 0
            found |= byte == UInt8(ascii: "\"") ? 1 : 0
            found |= byte == UInt8(ascii: "\\") ? 1 : 0
        }
        return found != 0
    }

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
        case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
        case 8: bytes.append(contentsOf: #"\b"#.utf8)
        case 9: bytes.append(contentsOf: #"\t"#.utf8)
        case 10: bytes.append(contentsOf: #"\n"#.utf8)
        case 12: bytes.append(contentsOf: #"\f"#.utf8)
        case 13: bytes.append(contentsOf: #"\r"#.utf8)
        case ..<32:
            bytes.append(contentsOf: #"\u00"#.utf8)
            for digit in [byte >> 4, byte & 15] { bytes.append(digit + (digit < 10 ? 48 : 87)) }
        default: bytes.append(byte)
        }
    }
}
