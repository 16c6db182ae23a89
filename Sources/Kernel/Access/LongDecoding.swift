import Basics
import Storage

/// Decodes long bodies on a thread of its own: a megabyte of JSON takes many milliseconds, in which the event loop that
/// received it would serve nobody else.
package enum LongDecoding {
    /// Bytes up to which the hand-over would cost more than it gives.
    private static let shortBody = 16 << 10
    private static let pool = ThreadPool<Void>(name: "decoding", threads: 1) {}

    /// Runs `work`, which decodes so many bytes.
    package static func run<Value: Sendable>(
        bytes: Int, _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        guard bytes > shortBody else { return try work() }
        return try await pool.run { _ in try work() }
    }
}
