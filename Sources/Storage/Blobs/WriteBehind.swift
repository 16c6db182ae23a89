import Foundation

/// Gathers small pieces and writes them in large ones, the next while the last is still being written: at no time are
/// more than two large pieces in memory.
package struct WriteBehind: Sendable {
    private let write: @Sendable (Data) async throws -> Void
    private var gathered = Data()
    private var pending: Task<Void, any Error>?

    private static let pieceBytes = 1 << 20

    package init(write: @escaping @Sendable (Data) async throws -> Void) {
        self.write = write
    }

    /// - Throws: what an earlier write threw.
    package mutating func append(_ bytes: some Collection<UInt8> & Sendable) async throws {
        gathered.append(contentsOf: bytes)
        if gathered.count >= Self.pieceBytes { try await pass() }
    }

    /// Waits until all is written; also where the caller's task has been cancelled, so that what came is kept.
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
