import Foundation
import Storage

/// A file on its way in, piece by piece, never whole in memory.
package struct IncomingFile: Sendable {
    private let writer: any BlobWriter

    init(_ writer: any BlobWriter) {
        self.writer = writer
    }

    /// - Throws: too large as soon as the limit is passed.
    package func append(_ bytes: [UInt8]) async throws {
        try await writer.append(Data(bytes))
    }

    package func finish() async throws -> ReceivedFile {
        ReceivedFile(staged: try await writer.finish())
    }

    package func abandon() async {
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
