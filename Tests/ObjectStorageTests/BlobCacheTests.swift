import Crypto
import Foundation
import Storage
import Synchronization
import TestSupport
import Testing

@testable import ObjectStorage

@Suite struct BlobCacheTests {
    /// A store of blobs with recorded digests, and its requests.
    private struct Fixture: Sendable {
        let folder: URL
        let bucket: SimulatedBucket
        let isDown: Flag
        let limit: Int64

        final class Flag: Sendable {
            private let value = Mutex(false)
            var isSet: Bool {
                get { value.withLock { $0 } }
                set { value.withLock { $0 = newValue } }
            }
        }

        init(_ folder: URL, limit: Int64) {
            let isDown = Flag()
            self.folder = folder
            self.limit = limit
            self.isDown = isDown
            bucket = SimulatedBucket { _, _ in isDown.isSet ? .slowDown : nil }
        }

        /// As another process opens it.
        func open(digest: String? = nil) throws -> BucketBlobStore {
            let bucket = bucket
            return BucketBlobStore(
                bucket: bucket, cache: try BlobCache(root: folder, limit: limit), retries: .immediate,
                digests: { key in
                    if let digest { return digest }
                    let object = try? await bucket.get(BucketBlobStore.name(key), nil)
                    return object.map { SHA256.hash(data: $0.data).hexadecimal }
                })
        }

        var entries: [String] {
            TestBlobs.files(below: folder.appendingPathComponent("entries"))
        }
    }

    private static func with<T: Sendable>(
        limit: Int64 = 1 << 20, _ body: @Sendable (Fixture) async throws -> T
    ) async throws -> T {
        try await TemporaryFolder.with { try await body(Fixture($0, limit: limit)) }
    }

    @Test func aCopyServesWithoutTheBucketAndOtherProcesses() async throws {
        try await Self.with { fixture in
            let (store, other) = (try fixture.open(), try fixture.open())
            let key = try await store.put(Data([1, 2, 3])).key
            _ = try await store.withFile(key) { try Data(contentsOf: $0) }
            fixture.isDown.isSet = true
            for store in [store, other] {
                #expect(try await store.withFile(key) { try Data(contentsOf: $0) } == Data([1, 2, 3]))
            }
            #expect(fixture.entries == [key.string])
        }
    }

    @Test func damagedBytesAreNeitherLentNorKept() async throws {
        try await Self.with { fixture in
            let store = try fixture.open(digest: String(repeating: "0", count: 64))
            let key = try await store.put(Data([1])).key
            await #expect(throws: BlobError.digestMismatch) { try await store.withFile(key) { _ in } }
            #expect(TestBlobs.files(below: fixture.folder).allSatisfy { $0 == "lock" })
        }
    }

    @Test func theOneUsedLongestAgoGoes() async throws {
        try await Self.with(limit: 300) { fixture in
            let store = try fixture.open()
            var keys: [BlobKey] = []
            for number: UInt8 in 0..<4 { keys.append(try await store.put(Data(repeating: number, count: 100)).key) }
            for key in [keys[0], keys[1], keys[2], keys[0], keys[3]] {
                _ = try await store.withFile(key) { _ in }
                // The times of use must differ on every file system.
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(Set(fixture.entries) == Set([keys[0], keys[2], keys[3]].map(\.string)))
            // Larger than the whole cache: lent, not kept, and nothing is evicted for it.
            let large = try await store.put(Data(count: 301)).key
            #expect(try await store.withFile(large) { try Data(contentsOf: $0) }.count == 301)
            #expect(fixture.entries.count == 3)
        }
    }

    @Test func aFileInUseStays() async throws {
        try await Self.with(limit: 100) { fixture in
            let (store, other) = (try fixture.open(), try fixture.open())
            let key = try await store.put(Data(repeating: 7, count: 100)).key
            let next = try await store.put(Data(repeating: 8, count: 100)).key
            try await store.withFile(key) { url in
                // There is no room without the entry in use; the other file is lent all the same.
                #expect(try await other.withFile(next) { try Data(contentsOf: $0) } == Data(repeating: 8, count: 100))
                #expect(fixture.entries == [key.string])
                // Not even deletion takes it from its reader.
                try await other.delete(key)
                #expect(try Data(contentsOf: url) == Data(repeating: 7, count: 100))
            }
            #expect(fixture.entries.isEmpty)
            await #expect(throws: BlobError.missing) { try await store.withFile(key) { _ in } }
        }
    }

    @Test func whatACrashLeavesGoes() async throws {
        try await Self.with { fixture in
            let store = try fixture.open()
            let dead = fixture.folder.appendingPathComponent("processes/DEAD")
            try FileManager.default.createDirectory(at: dead, withIntermediateDirectories: true)
            for name in ["lock", "half"] { try Data([1]).write(to: dead.appendingPathComponent(name)) }
            let key = try await store.put(Data([1])).key
            try await store.withFile(key) { url in
                // The folder of a living process stays.
                _ = try fixture.open()
                #expect(!FileManager.default.fileExists(atPath: dead.path))
                #expect(FileManager.default.fileExists(atPath: url.path))
            }
        }
    }

    @Test func readersAtOnceDownloadOnce() async throws {
        try await Self.with(limit: 32 << 20) { fixture in
            let store = try fixture.open()
            let key = try await store.put(TestBytes.make(3 << 20)).key
            let before = await fixture.bucket.requests
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { _ = try await store.withFile(key) { _ in } } }
                try await group.waitForAll()
            }
            // The size, the digest (from the bucket in this test) and two ranges.
            #expect(await fixture.bucket.requests - before == 4)
        }
    }

    @Test func aCompleteUploadIsThereForItsInspection() async throws {
        try await Self.with { fixture in
            let (store, key) = (try fixture.open(), BlobKey())
            try await store.partials.begin(key)
            _ = try await store.partials.add(Data([1, 2]), to: key, at: 0)
            let staged = try await store.partials.complete(key)
            fixture.isDown.isSet = true
            #expect(try await store.withFile(staged) { try Data(contentsOf: $0) } == Data([1, 2]))
        }
    }
}
