import Foundation
import Storage
import Synchronization

/// A blob store in a bucket. Nothing is on disk except cached copies for `withFile`.
///
/// An object exists completely or not at all, so a staged file already has its final name and `commit` only checks that
/// it exists.
package struct BucketBlobStore: BlobStore {
    /// The recorded SHA-256 of a blob in hexadecimal; `nil` if there is no record yet.
    package typealias Digests = @Sendable (BlobKey) async throws -> String?

    let requests: BucketRequests
    let cache: BlobCache
    /// The size of the parts of an upload in bytes.
    let partBytes: Int
    private let digests: Digests
    private let delivery: BucketDelivery

    /// The smallest part that S3 accepts, except for the last one of an upload.
    package static let leastPartBytes = 5 << 20
    /// The largest number of parts that S3 accepts.
    static let mostParts = 10_000

    package init(
        bucket: any Bucket, cache: BlobCache, delivery: BucketDelivery = BucketDelivery(),
        retries: RetryPolicy = RetryPolicy(), partBytes: Int = 8 << 20, digests: @escaping Digests = { _ in nil }
    ) {
        requests = BucketRequests(bucket: bucket, retries: retries)
        self.cache = cache
        self.partBytes = max(partBytes, Self.leastPartBytes)
        self.digests = digests
        self.delivery = delivery
    }

    package static func name(_ key: BlobKey) -> String { prefix + key.string }
    private static let prefix = "blobs/"

    package var partials: any PartialBlobs { BucketPartialBlobs(store: self) }

    package func stage(_ key: BlobKey, limit: Int64) async throws -> any BlobWriter {
        BucketBlobWriter(requests: requests, key: key, limit: limit, partBytes: partBytes)
    }

    package func commit(_ staged: StagedBlob) async throws {
        _ = try await size(staged.key)
    }

    package func size(_ key: BlobKey) async throws -> Int64 {
        try await requests.send { try await $0.head(Self.name(key)) }
    }

    package func withFile<T: Sendable>(_ key: BlobKey, _ body: (URL) async throws -> T) async throws -> T {
        let file = try await cache.file(key) { try await download(key, to: $0, expected: try await digests(key)) }
        // The file lives as long as the value.
        defer { withExtendedLifetime(file) {} }
        return try await body(file.url)
    }

    package func withFile<T: Sendable>(_ staged: StagedBlob, _ body: (URL) async throws -> T) async throws -> T {
        let file = try await cache.file(staged.key) { try await download(staged.key, to: $0, expected: staged.sha256) }
        // The file lives as long as the value.
        defer { withExtendedLifetime(file) {} }
        return try await body(file.url)
    }

    /// - Returns: whether the digest has been verified.
    private func download(_ key: BlobKey, to file: CacheFile, expected: String?) async throws -> Bool {
        let size = try await size(key)
        try await file.reserve(size)
        let reader = reader(key, 0..<size)
        while let chunk = try await reader.next() { try await file.append(chunk) }
        guard let expected else { return false }
        guard file.digest.sha256 == expected else { throw BlobError.digestMismatch }
        return true
    }

    /// Downloads a staged file into the cache, where its inspection needs it next, and computes its digest.
    func digest(_ key: BlobKey) async throws -> StagedBlob {
        let digest = Mutex<(size: Int64, sha256: String)?>(nil)
        _ = try await cache.fetch(key) { file in
            _ = try await download(key, to: file, expected: nil)
            let found = file.digest
            digest.withLock { $0 = found }
            return true
        }
        guard let found = digest.withLock({ $0 }) else { throw BlobError.missing }
        return StagedBlob(key: key, size: found.size, sha256: found.sha256)
    }

    package func read(_ key: BlobKey, range: Range<Int64>?) async throws -> AsyncThrowingStream<Data, any Error> {
        let size = try await size(key)
        let reader = reader(key, (range ?? 0..<size).clamped(to: 0..<size))
        return AsyncThrowingStream { try await reader.next() }
    }

    private func reader(_ key: BlobKey, _ range: Range<Int64>) -> ObjectReader {
        ObjectReader(requests: requests, name: Self.name(key), range: range)
    }

    package func deliver(
        _ key: BlobKey, range: Range<Int64>?, as download: DownloadDescription
    ) async throws -> BlobDelivery {
        guard let lifetime = delivery.lifetime else { return .bytes(try await read(key, range: range)) }
        let url = try await requests.send { try await $0.signedURL(Self.name(key), for: lifetime, as: download) }
        return .redirect(delivery.throughCDN(url))
    }

    package func delete(_ key: BlobKey) async throws {
        try await requests.send { try await $0.delete(Self.name(key)) }
        await cache.remove(key)
    }

    package func keys(writtenBefore time: Timestamp, after cursor: String?, limit: Int) async throws -> BlobKeyPage {
        let page = try await requests.send { try await $0.list(Self.prefix, after: cursor, limit: limit) }
        let entries = page.entries.filter { $0.modified < time }.compactMap { entry in
            BlobKey(String(entry.name.dropFirst(Self.prefix.count))).map {
                BlobEntry(key: $0, size: entry.size, modified: entry.modified)
            }
        }
        return BlobKeyPage(entries: entries, next: page.next)
    }
}

/// How clients get the objects of a bucket.
package struct BucketDelivery: Sendable {
    /// How long a signed URL is valid; `nil` if clients get the bytes from this server.
    package var lifetime: Duration?
    /// The CDN in front of the bucket. It must send the signed query, and the bucket's `Host`, to the origin.
    package var cdn: URL?

    package init(lifetime: Duration? = nil, cdn: URL? = nil) {
        self.lifetime = lifetime
        self.cdn = cdn
    }

    /// Replaces the scheme and host, and prepends the CDN's path; the signed query stays as it is.
    func throughCDN(_ url: URL) -> URL {
        guard let cdn, var parts = URLComponents(url: url, resolvingAgainstBaseURL: false),
            let target = URLComponents(url: cdn, resolvingAgainstBaseURL: false)
        else { return url }
        parts.scheme = target.scheme
        parts.host = target.host
        parts.port = target.port
        let path = target.percentEncodedPath
        parts.percentEncodedPath = (path.hasSuffix("/") ? String(path.dropLast()) : path) + parts.percentEncodedPath
        return parts.url ?? url
    }
}
