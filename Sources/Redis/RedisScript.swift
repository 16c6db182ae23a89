import Basics
import Crypto

/// A Lua script that the server keeps by its digest; it is sent again only to a server that does not know it.
package struct RedisScript: Sendable {
    package let source: String
    private let digest: String

    package init(_ source: String) {
        self.source = source
        digest = Insecure.SHA1.hash(data: Array(source.utf8)).hexadecimal
    }

    /// The call by digest, which fails with `NOSCRIPT` on a server that does not know the script.
    package func call(keys: [String], _ arguments: [RedisCommand.Argument]) -> RedisCommand {
        RedisCommand("EVALSHA", [.text(digest), .integer(keys.count)] + keys.map { .text($0) } + arguments)
    }

    /// - Throws: `RedisError`.
    package func run(
        on client: RedisClient, keys: [String], _ arguments: [RedisCommand.Argument], isIdempotent: Bool = false
    ) async throws -> RESPValue {
        do {
            return try await client.send(call(keys: keys, arguments), isIdempotent: isIdempotent)
        } catch RedisError.server(let error) where error.code == "NOSCRIPT" {
            let full = [.text(source), .integer(keys.count)] + keys.map { .text($0) } + arguments
            return try await client.send(RedisCommand("EVAL", full), isIdempotent: isIdempotent)
        }
    }
}
