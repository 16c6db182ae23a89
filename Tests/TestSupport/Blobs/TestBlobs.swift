import Foundation
import ObjectStorage
import Storage
import Testing

/// The stores that must all behave the same: `@Test(arguments: TestBlobs.Kind.all)`.
package struct TestBlobs: Sendable {
    package enum Kind: String, Sendable, CaseIterable, CustomTestStringConvertible {
        case disk = "disk"
        case bucket = "bucket"
        /// Fails intermittently, and its lists lag one minute behind.
        case failingBucket = "failing bucket"
        /// On a server that the tests start (`ObjectStore`).
        case moto = "moto"
        case radosgw = "radosgw"

        package static let all: [Kind] = [.disk, .bucket, .failingBucket]
        /// Also servers, which take longer.
        package static let everywhere = Kind.allCases

        package var testDescription: String { rawValue }
    }

    package let store: any BlobStore
    /// `nil` for stores on disk.
    package let bucket: (any TestBucket)?
    /// The store's folder, if it has one.
    package let folder: URL

    private static let lag: Duration = .seconds(60)

    /// - Parameters:
    ///   - folder: must exist and be empty.
    ///   - address: the prefix of the URLs that clients are redirected to; `nil` sends the bytes directly.
    package init(_ kind: Kind, in folder: URL, address: String? = nil) async throws {
        self.folder = folder
        switch kind {
        case .disk:
            bucket = nil
            store = try DiskBlobStore(root: folder)
            return
        case .bucket: bucket = SimulatedBucket()
        case .failingBucket:
            // Fewer failures in succession than attempts, also where concurrent requests share the count.
            bucket = SimulatedBucket(lag: Self.lag) { request, failures in
                failures == 3 ? nil : request % 3 == 0 ? .slowDown : request % 5 == 0 ? .lostAnswer : nil
            }
        case .moto: bucket = try await ObjectStore.moto.bucket()
        case .radosgw: bucket = try await ObjectStore.radosgw.bucket()
        }
        let delivery = BucketDelivery(
            lifetime: address == nil ? nil : .seconds(60), cdn: address.flatMap { URL(string: $0) })
        store = try Self.store(bucket, in: folder, delivery)
    }

    private static func store(
        _ bucket: (any TestBucket)?, in folder: URL, _ delivery: BucketDelivery = BucketDelivery()
    ) throws -> any BlobStore {
        guard let bucket else { return try DiskBlobStore(root: folder) }
        return BucketBlobStore(
            bucket: bucket, cache: try BlobCache(root: folder, limit: 0), delivery: delivery, retries: .immediate,
            partBytes: BucketBlobStore.leastPartBytes)
    }

    package static func with<T: Sendable>(
        _ kind: Kind, _ body: @Sendable (TestBlobs) async throws -> T
    ) async throws -> T {
        try await TemporaryFolder.with { try await body(try await TestBlobs(kind, in: $0)) }
    }

    /// The same files as seen by another process.
    package func elsewhere() throws -> any BlobStore { try Self.store(bucket, in: folder) }

    /// The same files as seen by a process that starts after this one was killed.
    package func restarted() async throws -> any BlobStore {
        await settle()
        return try elsewhere()
    }

    /// Lets lists catch up and the leases of dead writers expire.
    package func settle() async {
        await bucket?.advance(by: Self.lag + .seconds(1))
    }

    /// Every file or object, including those of partial files.
    package func everything() async throws -> [String] {
        guard let bucket else { return Self.files(below: folder) }
        return try await bucket.names + cached
    }

    /// The files of the store's cache, without its locks.
    package var cached: [String] { Self.files(below: folder).filter { $0 != "lock" } }

    package static func files(below folder: URL) -> [String] {
        let walk = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [.isRegularFileKey])
        return (walk?.allObjects ?? []).compactMap { $0 as? URL }.filter {
            (try? $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true
        }.map(\.lastPathComponent)
    }
}

extension BlobStore {
    /// The keys of all blobs and staged files.
    package func allKeys(writtenBefore time: Timestamp = .now.advanced(by: .seconds(3600)), limit: Int = 1000)
        async throws
        -> [BlobKey]
    {
        try await pages(writtenBefore: time, limit: limit).reduce(into: []) { $0 += $1 }
    }

    package func bytes(_ key: BlobKey, _ range: Range<Int64>? = nil) async throws -> Data {
        try await read(key, range: range).reduce(into: Data()) { $0 += $1 }
    }

    /// A file that is staged and not yet committed.
    package func stage(_ bytes: Data) async throws -> StagedBlob {
        let writer = try await stage(limit: Int64(bytes.count))
        try await writer.append(bytes)
        return try await writer.finish()
    }
}

extension PartialBlobs {
    package func allKeys(
        writtenBefore time: Timestamp = .now.advanced(by: .seconds(3600)), limit: Int = 1000
    ) async throws -> [BlobKey] {
        try await pages(writtenBefore: time, limit: limit).reduce(into: []) { $0 += $1 }
    }

    /// Appends bytes, as one request does.
    ///
    /// - Returns: the acknowledged length; `nil` if another writer holds the lease.
    package func add(_ bytes: Data, to key: BlobKey, at offset: Int64, limit: Int64 = .max) async throws -> Int64? {
        guard let writer = try await open(key, at: offset, limit: limit) else { return nil }
        return try await writer.release(after: {
            try await writer.append(bytes)
            return try await writer.flush()
        })
    }
}
