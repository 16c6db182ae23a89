import NIOCore

/// What a server may send at most, so that a wrong or hostile one cannot exhaust the memory.
package struct RESPLimits: Sendable, Equatable {
    /// Bytes of a line: simple strings, errors, lengths.
    package var line = 64 << 10
    /// Bytes of a bulk string.
    package var bulk = 128 << 20
    /// Elements of all nested arrays of one reply together.
    package var elements = 1 << 20
    package var depth = 16

    package init() {}
}

/// Decodes replies from bytes that arrive in any pieces; each byte is looked at once.
struct RESPDecoder {
    private struct OpenArray {
        let count: Int
        var values: [RESPValue] = []
    }

    private let limits: RESPLimits
    private var buffer = ByteBuffer()
    private var open: [OpenArray] = []
    private var elements = 0
    /// The length of the bulk string whose bytes are awaited.
    private var awaitedBulk: Int?
    /// How much of an incomplete line has been searched for its end.
    private var searched = 0

    init(limits: RESPLimits = RESPLimits()) { self.limits = limits }

    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.discardReadBytes()
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole reply; `nil` until more bytes arrive.
    ///
    /// - Throws: `RedisError.protocolViolation`, after which the connection is unusable.
    mutating func next() throws -> RESPValue? {
        while let value = try item() {
            if let whole = close(value) { return whole }
        }
        return nil
    }

    /// Adds a value to the arrays that contain it; returns the outermost one that is complete.
    private mutating func close(_ value: RESPValue) -> RESPValue? {
        var value = value
        while var innermost = open.popLast() {
            innermost.values.append(value)
            guard innermost.values.count == innermost.count else {
                open.append(innermost)
                return nil
            }
            value = .array(innermost.values)
        }
        elements = 0
        return value
    }

    /// A value without the content of arrays: an array that is not empty is opened, and what follows is read.
    private mutating func item() throws -> RESPValue? {
        while true {
            if let length = awaitedBulk { return try bulk(length) }
            guard let line = try line() else { return nil }
            guard let kind = line.utf8.first else { throw RedisError.protocolViolation("an empty line") }
            let rest = String(line.dropFirst())
            switch kind {
            case UInt8(ascii: "+"): return .simple(rest)
            case UInt8(ascii: "-"): return .error(RedisServerError(rest))
            case UInt8(ascii: ":"):
                guard let value = Int(rest) else { throw RedisError.protocolViolation("a malformed integer") }
                return .integer(value)
            case UInt8(ascii: "$"):
                let length = try length(rest, limit: limits.bulk, of: "bulk string")
                guard length >= 0 else { return .null }
                awaitedBulk = length
            case UInt8(ascii: "*"):
                let count = try length(rest, limit: limits.elements, of: "array")
                guard count >= 0 else { return .null }
                elements += count
                guard elements <= limits.elements else { throw RedisError.protocolViolation("too many elements") }
                guard count > 0 else { return .array([]) }
                guard open.count < limits.depth else { throw RedisError.protocolViolation("arrays nested too deeply") }
                open.append(OpenArray(count: count))
            default: throw RedisError.protocolViolation("an unknown type of reply")
            }
        }
    }

    private func length(_ text: String, limit: Int, of what: String) throws -> Int {
        guard let value = Int(text), value >= -1 else { throw RedisError.protocolViolation("a malformed length") }
        guard value <= limit else { throw RedisError.protocolViolation("a \(what) longer than \(limit)") }
        return value
    }

    private mutating func bulk(_ length: Int) throws -> RESPValue? {
        guard buffer.readableBytes >= length + 2, let bytes = buffer.readSlice(length: length) else { return nil }
        guard buffer.readBytes(length: 2) == [0x0D, 0x0A] else {
            throw RedisError.protocolViolation("a bulk string without its end")
        }
        awaitedBulk = nil
        return .bulk(bytes)
    }

    private mutating func line() throws -> String? {
        let view = buffer.readableBytesView
        guard let end = view.dropFirst(searched).firstIndex(of: 0x0A) else {
            searched = view.count
            guard searched <= limits.line else { throw RedisError.protocolViolation("a line that is too long") }
            return nil
        }
        searched = 0
        let length = end - view.startIndex
        guard length <= limits.line else { throw RedisError.protocolViolation("a line that is too long") }
        guard length > 0, view[end - 1] == 0x0D, let text = buffer.readString(length: length - 1) else {
            throw RedisError.protocolViolation("a line without its end")
        }
        buffer.moveReaderIndex(forwardBy: 2)
        return text
    }
}
