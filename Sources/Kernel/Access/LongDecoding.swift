import Basics
import Storage

/// Decodes long bodies on a separate thread: a megabyte of JSON takes many milliseconds, during which the event loop
/// would serve no other request.
package enum LongDecoding {
    /// The size in bytes below which a switch of threads costs more than it saves.
    private static let shortBody = 16 << 10
    private static let pool = ThreadPool<Void>(name: "decoding", threads: 1) {}

    /// Runs `work`, which decodes the given number of bytes.
    package static func run<Value: Sendable>(
        bytes: Int, _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        guard bytes > shortBody else { return try work() }
        return try await pool.run { _ in try work() }
    }
}
