import Foundation
import Storage

/// A file being received in chunks, never completely in memory.
package struct IncomingFile: Sendable {
    private let writer: any BlobWriter
    private var behind: WriteBehind

    init(_ writer: any BlobWriter) {
        self.writer = writer
        behind = WriteBehind { try await writer.append($0) }
    }

    /// - Throws: too large soon after exceeding the limit.
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

/// A completely received file; `ImagesService` keeps or discards it.
package struct ReceivedFile: Sendable {
    let staged: StagedBlob
}

extension ImagesService {
    /// Starts receiving a file of at most `limit` bytes.
    package func receive(limit: Int64) async throws -> IncomingFile {
        IncomingFile(try await blobs.stage(limit: limit))
    }

    /// Discards a received file.
    package func discard(_ file: ReceivedFile) async {
        await blobs.discard(file.staged)
    }
}
