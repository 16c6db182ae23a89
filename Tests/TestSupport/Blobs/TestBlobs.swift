import Foundation
import Storage
import Testing

/// The stores that must all behave the same: `@Test(arguments: TestBlobs.Kind.all)`.
package struct TestBlobs: Sendable {
    package enum Kind: String, Sendable, CaseIterable, CustomTestStringConvertible {
        case disk = "disk"
        case bucket = "bucket"
        /// Fails intermittently, and its lists lag one minute behind.
        case failingBucket = "failing bucket"

        package static let all = Kind.allCases

        package var testDescription: String { rawValue }
    }

    package let store: any BlobStore
    /// `nil` for stores on disk.
    package let bucket: SimulatedBucket?
    /// The store's folder, if it has one.
    package let folder: URL

    private static let lag: Duration = .seconds(60)

    /// - Parameters:
    ///   - folder: must exist and be empty.
    ///   - address: the prefix of the URLs that clients are redirected to; `nil` sends the bytes directly.
    package init(_ kind: Kind, in folder: URL, address: String? = nil) throws {
        self.folder = folder
        switch kind {
        case .disk:
            bucket = nil
            store = try DiskBlobStore(root: folder)
        case .bucket:
            let bucket = SimulatedBucket()
            self.bucket = bucket
            store = BucketBlobStore(bucket: bucket, folder: folder, address: address)
        case .failingBucket:
            let bucket = SimulatedBucket(lag: Self.lag) { $0 % 3 == 0 ? .slowDown : $0 % 5 == 0 ? .lostAnswer : nil }
            self.bucket = bucket
            store = BucketBlobStore(bucket: bucket, folder: folder, address: address)
        }
    }

    package static func with<T: Sendable>(
        _ kind: Kind, _ body: @Sendable (TestBlobs) async throws -> T
    ) async throws -> T {
        try await TemporaryFolder.with { try await body(try TestBlobs(kind, in: $0)) }
    }

    /// The same files as seen by a process that starts after this one was killed.
    package func restarted() async throws -> any BlobStore {
        guard let bucket else { return try DiskBlobStore(root: folder) }
        await settle()
        return BucketBlobStore(bucket: bucket, folder: folder)
    }

    /// Lets lists catch up and the leases of dead writers expire.
    package func settle() async {
        await bucket?.advance(by: Self.lag + .seconds(1))
    }

    /// Every file or object, including those of partial files.
    package func everything() async -> [String] {
        guard let bucket else { return Self.files(below: folder) }
        return await bucket.names + Self.files(below: folder)
    }

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
