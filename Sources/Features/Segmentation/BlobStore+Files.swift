import Foundation
import Storage

extension BlobStore {
    private static var chunkBytes: Int { 1 << 20 }

    /// Stages and commits a local file, chunk by chunk.
    func put(fileAt url: URL) async throws -> StagedBlob {
        let handle: FileHandle
        do { handle = try FileHandle(forReadingFrom: url) } catch { throw BlobError.missing }
        defer { try? handle.close() }
        let writer = try await stage(limit: .max)
        do {
            while let chunk = try handle.read(upToCount: Self.chunkBytes), !chunk.isEmpty {
                try await writer.append(chunk)
            }
            let staged = try await writer.finish()
            try await commit(staged)
            return staged
        } catch {
            await writer.abandon()
            throw error
        }
    }
}
