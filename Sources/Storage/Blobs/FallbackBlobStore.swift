import Foundation

/// Reads what is not in a store yet from the store that it replaces, while the files are being copied. New files go to
/// the new store; uploads that were begun in the old one are finished there.
package struct FallbackBlobStore: BlobStore {
    private let primary: any BlobStore
    private let fallback: any BlobStore

    package init(_ primary: any BlobStore, fallback: any BlobStore) {
        self.primary = primary
        self.fallback = fallback
    }

    package var partials: any PartialBlobs {
        FallbackPartialBlobs(primary: primary.partials, fallback: fallback.partials)
    }

    private func either<T>(_ body: (any BlobStore) async throws -> T) async throws -> T {
        do { return try await body(primary) } catch BlobError.missing { return try await body(fallback) }
    }

    package func stage(_ key: BlobKey, limit: Int64) async throws -> any BlobWriter {
        try await primary.stage(key, limit: limit)
    }

    package func commit(_ staged: StagedBlob) async throws { try await either { try await $0.commit(staged) } }

    package func withFile<T: Sendable>(_ key: BlobKey, _ body: (URL) async throws -> T) async throws -> T {
        try await holder(of: key).withFile(key, body)
    }

    package func withFile<T: Sendable>(_ staged: StagedBlob, _ body: (URL) async throws -> T) async throws -> T {
        var hasBegun = false
        do {
            return try await primary.withFile(staged) { url in
                hasBegun = true
                return try await body(url)
            }
        } catch BlobError.missing where !hasBegun {
            return try await fallback.withFile(staged, body)
        }
    }

    /// Asked beforehand, because `body` may throw `BlobError.missing` itself.
    private func holder(of key: BlobKey) async throws -> any BlobStore {
        try await either { store in
            _ = try await store.size(key)
            return store
        }
    }

    package func size(_ key: BlobKey) async throws -> Int64 { try await either { try await $0.size(key) } }

    package func read(_ key: BlobKey, range: Range<Int64>?) async throws -> AsyncThrowingStream<Data, any Error> {
        try await either { try await $0.read(key, range: range) }
    }

    package func deliver(
        _ key: BlobKey, range: Range<Int64>?, as download: DownloadDescription
    ) async throws -> BlobDelivery {
        try await holder(of: key).deliver(key, range: range, as: download)
    }

    package func delete(_ key: BlobKey) async throws {
        try await primary.delete(key)
        try await fallback.delete(key)
    }

    /// Of the new store alone; the old one is removed as a whole after the migration.
    package func keys(writtenBefore time: Timestamp, after cursor: String?, limit: Int) async throws -> BlobKeyPage {
        try await primary.keys(writtenBefore: time, after: cursor, limit: limit)
    }
}

private struct FallbackPartialBlobs: PartialBlobs {
    let primary: any PartialBlobs
    let fallback: any PartialBlobs

    private func either<T>(_ body: (any PartialBlobs) async throws -> T) async throws -> T {
        do { return try await body(primary) } catch BlobError.missing { return try await body(fallback) }
    }

    func begin(_ key: BlobKey) async throws { try await primary.begin(key) }

    func size(_ key: BlobKey) async throws -> Int64 { try await either { try await $0.size(key) } }

    func open(_ key: BlobKey, at offset: Int64, limit: Int64) async throws -> (any PartialBlobWriter)? {
        try await either { try await $0.open(key, at: offset, limit: limit) }
    }

    func complete(_ key: BlobKey) async throws -> StagedBlob { try await either { try await $0.complete(key) } }

    func remove(_ key: BlobKey) async {
        await primary.remove(key)
        await fallback.remove(key)
    }

    func keys(writtenBefore time: Timestamp, after cursor: String?, limit: Int) async throws -> BlobKeyPage {
        try await primary.keys(writtenBefore: time, after: cursor, limit: limit)
    }
}
