import NIOCore

/// A reply in RESP2 (https://redis.io/docs/latest/develop/reference/protocol-spec/).
package enum RESPValue: Sendable, Equatable {
    case simple(String)
    case error(RedisServerError)
    case integer(Int)
    case bulk(ByteBuffer)
    case array([RESPValue])
    /// A null bulk string or a null array.
    case null

    /// The bytes of a simple or bulk string; `nil` for any other reply.
    package var bytes: [UInt8]? {
        switch self {
        case .simple(let text): Array(text.utf8)
        case .bulk(let buffer): Array(buffer.readableBytesView)
        default: nil
        }
    }

    /// A simple or bulk string, with replacement characters where it is not UTF-8; `nil` for any other reply.
    package var text: String? {
        switch self {
        case .simple(let text): text
        case .bulk(let buffer): String(buffer: buffer)
        default: nil
        }
    }

    /// An integer, or a string with one; `nil` for any other reply.
    package var integer: Int? {
        guard case .integer(let value) = self else { return text.flatMap { Int($0) } }
        return value
    }

    /// `nil` for any other reply.
    package var array: [RESPValue]? {
        guard case .array(let values) = self else { return nil }
        return values
    }

    /// - Throws: the error that the reply is.
    package func orThrow() throws -> RESPValue {
        guard case .error(let error) = self else { return self }
        throw RedisError.server(error)
    }
}

/// An error reply: `WRONGTYPE Operation against a key …` has the code `WRONGTYPE`.
package struct RedisServerError: Error, Sendable, Equatable {
    package let code: String
    package let message: String

    init(_ line: String) {
        let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
        let first = parts.first ?? ""
        let hasCode = !first.isEmpty && first.allSatisfy { $0.isUppercase || $0 == "_" }
        code = hasCode ? first : "ERR"
        message = hasCode ? parts.dropFirst().first ?? "" : line
    }
}
