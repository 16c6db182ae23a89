import Foundation

/// Buffers small chunks and writes them in large ones. The next chunk is buffered while the previous one is written, so
/// at most two large chunks are in memory.
package struct WriteBehind: Sendable {
    private let write: @Sendable (Data) async throws -> Void
    private var gathered = Data()
    private var pending: Task<Void, any Error>?

    private static let pieceBytes = 1 << 20

    package init(write: @escaping @Sendable (Data) async throws -> Void) {
        self.write = write
    }

    /// - Throws: the error of an earlier write.
    package mutating func append(_ bytes: some Collection<UInt8> & Sendable) async throws {
        gathered.append(contentsOf: bytes)
        if gathered.count >= Self.pieceBytes { try await pass() }
    }

    /// Waits until everything has been written, even if the caller's task has been cancelled, so that received bytes
    /// are kept.
    package mutating func drain() async throws {
        if !gathered.isEmpty { try await pass() }
        try await pending?.value
        pending = nil
    }

    private mutating func pass() async throws {
        try await pending?.value
        let piece = gathered
        gathered = Data(capacity: Self.pieceBytes + (1 << 17))
        pending = Task { [write] in try await write(piece) }
    }
}
