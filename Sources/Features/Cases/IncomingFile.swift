import Foundation
import Storage

/// A file on its way in, piece by piece, never whole in memory.
package struct IncomingFile: Sendable {
    private let writer: any BlobWriter
    private var behind: WriteBehind

    init(_ writer: any BlobWriter) {
        self.writer = writer
        behind = WriteBehind { try await writer.append($0) }
    }

    /// - Throws: too large soon after the limit is passed.
    package mutating func append(_ bytes: some Collection<UInt8> & Sendable) async throws {
        try await behind.append(bytes)
    }

    package mutating func finish() async throws -> ReceivedFile {
        try await behind.drain()
        return ReceivedFile(staged: try await writer.finish())
    }

    package mutating func abandon() async {
        try? await behind.drain()
        await writer.abandon()
    }
}

/// A file that is wholly here; `ImagesService` keeps or discards it.
package struct ReceivedFile: Sendable {
    let staged: StagedBlob
}

extension ImagesService {
    /// Begins to receive a file of at most `limit` bytes.
    package func receive(limit: Int64) async throws -> IncomingFile {
        IncomingFile(try await blobs.stage(limit: limit))
    }

    /// Forgets a file that is not wanted after all.
    package func discard(_ file: ReceivedFile) async {
        await blobs.discard(file.staged)
    }
}
