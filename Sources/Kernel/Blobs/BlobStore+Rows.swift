import Storage
import Synchronization

extension UploadID {
    /// The key of the upload's partial file and of the blob that it becomes.
    package var blobKey: BlobKey { BlobKey(canonical: string) }
}

extension Database {
    /// The recorded SHA-256 of a blob in hexadecimal; `nil` if no row references it (yet).
    package func recordedDigest(of key: BlobKey) async throws -> String? {
        try await read { try BlobRowStore($0).recorded(among: [key])[key]?.sha256 }
    }

    /// The recorded blobs in pages, across institutions.
    func recordedBlobs(limit: Int = 500) -> AsyncThrowingStream<[StagedBlob], any Error> {
        let last = Mutex<BlobKey?>(nil)
        return AsyncThrowingStream {
            let after = last.withLock { $0 }
            let page = try await read { try BlobRowStore($0).recorded(after: after, limit: limit) }
            guard let end = page.last else { return nil }
            last.withLock { $0 = end.key }
            return page
        }
    }

    /// Whether a row references the blob now.
    func isRecorded(_ key: BlobKey) async throws -> Bool {
        try await !read { try BlobRowStore($0).named(among: [key]) }.isEmpty
    }
}

extension BlobStore {
    /// Deletes the files of failed work unless a row references them after all: the response to a COMMIT may have been
    /// lost, or another process may have done the same work. Remaining unreferenced files are swept later.
    package func delete(_ keys: [BlobKey], unlessNamedIn database: any Database) async {
        guard let named = try? await database.read({ try BlobRowStore($0).named(among: keys) }) else { return }
        for key in keys where !named.contains(key) { try? await delete(key) }
    }
}
