import NIOCore
import Testing

@testable import Redis

/// Replies in whole, in pieces, and such as a hostile server would send.
struct RESPDecoderTests {
    private static let stream =
        "+OK\r\n-WRONGTYPE Not a list\r\n:-42\r\n$6\r\nfoo\r\nb\r\n$-1\r\n*3\r\n$0\r\n\r\n*2\r\n:1\r\n*-1\r\n+\r\n*0\r\n"
    private static let replies: [RESPValue] = [
        .simple("OK"), .error(RedisServerError("WRONGTYPE Not a list")), .integer(-42),
        .bulk(ByteBuffer(string: "foo\r\nb")), .null,
        .array([.bulk(ByteBuffer()), .array([.integer(1), .null]), .simple("")]), .array([]),
    ]

    private static func decode(_ pieces: [[UInt8]], limits: RESPLimits = RESPLimits()) throws -> [RESPValue] {
        var decoder = RESPDecoder(limits: limits)
        var replies: [RESPValue] = []
        for piece in pieces {
            decoder.append(ByteBuffer(bytes: piece))
            while let reply = try decoder.next() { replies.append(reply) }
        }
        return replies
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func piecesOfAnySizeGiveTheSameReplies(_ size: Int) throws {
        let bytes = Array(Self.stream.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
        #expect(try Self.decode(pieces) == Self.replies)
    }

    @Test func anErrorHasItsCode() {
        let error = RedisServerError("WRONGTYPE Not a list")
        #expect(error.code == "WRONGTYPE" && error.message == "Not a list")
        #expect(RedisServerError("no code here").code == "ERR")
    }

    @Test(arguments: [
        "?\r\n", "\r\n", "\n", "+OK\n", ":1.5\r\n", ":\r\n", "$x\r\n", "$-2\r\n", "*-2\r\n", "$3\r\nabcde",
        "*99999999999999999999\r\n",
    ])
    func whatIsNotRESPIsRefused(_ text: String) {
        #expect(throws: RedisError.self) { try Self.decode([Array(text.utf8)]) }
    }

    @Test func limitsHold() {
        var limits = RESPLimits()
        limits.line = 10
        limits.bulk = 10
        limits.elements = 10
        limits.depth = 3
        for text in ["+12345678901", "$11\r\n", "*11\r\n", "*4\r\n*4\r\n*4\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"] {
            #expect(throws: RedisError.self, "\(text)") { try Self.decode([Array(text.utf8)], limits: limits) }
        }
        #expect(throws: Never.self) { try Self.decode([Array("*3\r\n*3\r\n:1\r\n".utf8)], limits: limits) }
    }

    /// Mutated streams end in replies, in a wait for more, or in an error; a debug build traps on anything else.
    @Test func noInputTraps() {
        var generator = SystemRandomNumberGenerator()
        let original = Array(Self.stream.utf8)
        for _ in 0..<2000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            _ = try? Self.decode([bytes])
        }
    }

    @Test func commandsAreArraysOfBulkStrings() {
        var buffer = ByteBuffer()
        RedisCommand("SET", "ключ", .bytes([0, 13, 10]), 5).write(to: &buffer)
        #expect(
            Array(buffer.readableBytesView)
                == Array("*4\r\n$3\r\nSET\r\n$8\r\nключ\r\n$3\r\n".utf8) + [0, 13, 10] + Array("\r\n$1\r\n5\r\n".utf8))
    }
}
