import Foundation
import ObjectStorage
import Storage
import TestSupport
import Testing

/// The semantics of a bucket, and how a store on it handles them.
@Suite struct BucketBlobStoreTests {
    @Test func partsButTheLastHaveALeastSize() async throws {
        let bucket = SimulatedBucket()
        for (sizes, failure) in [
            ([BucketBlobStore.leastPartBytes, 1], nil), ([BucketBlobStore.leastPartBytes - 1, 1], .entityTooSmall),
            ([], .invalidPart),
        ] as [([Int], BucketError?)] {
            let upload = try await bucket.createUpload("a")
            var parts: [BucketPart] = []
            for (number, size) in sizes.enumerated() {
                parts.append(try await bucket.uploadPart(number + 1, Data(count: size), of: upload))
            }
            let result = await Result { [parts] in try await bucket.completeUpload(upload, parts) }
            #expect(result.failure as? BucketError == failure)
        }
    }

    @Test func listsLagAndReadsDoNot() async throws {
        let bucket = SimulatedBucket(lag: .seconds(10))
        _ = try await bucket.put("a", Data([1]), .none)
        #expect(try await bucket.get("a", nil).data == Data([1]))
        #expect(try await bucket.list("", after: nil, limit: 10).entries.isEmpty)
        await bucket.advance(by: .seconds(11))
        #expect(try await bucket.list("", after: nil, limit: 10).entries.map(\.name) == ["a"])
        try await bucket.delete("a")
        #expect(try await bucket.list("", after: nil, limit: 10).entries.map(\.name) == ["a"])
        await bucket.advance(by: .seconds(11))
        #expect(try await bucket.list("", after: nil, limit: 10).entries.isEmpty)
    }

    @Test func conditionsAreKept() async throws {
        let bucket = SimulatedBucket()
        let etag = try await bucket.put("a", Data([1]), .ifAbsent)
        for condition: BucketCondition in [.ifAbsent, .ifMatch("other")] {
            await #expect(throws: BucketError.preconditionFailed) {
                try await bucket.put("a", Data([2]), condition)
            }
        }
        #expect(try await bucket.put("a", Data([3]), .ifMatch(etag)) != etag)
    }

    @Test func aLentFileGoesWithTheClosure() async throws {
        struct Refusal: Error {}
        try await TestBlobs.with(.bucket) { blobs in
            let key = try await blobs.store.put(Data([1])).key
            let url = try await blobs.store.withFile(key) { url in
                #expect(FileManager.default.fileExists(atPath: url.path))
                return url
            }
            #expect(!FileManager.default.fileExists(atPath: url.path))
            await #expect(throws: Refusal.self) { try await blobs.store.withFile(key) { _ in throw Refusal() } }
            #expect(blobs.cached.isEmpty)
        }
    }

    @Test func aWriterThatGoesEndsItsUpload() async throws {
        try await TestBlobs.with(.bucket) { blobs in
            let bucket = try #require(blobs.bucket)
            do {
                let writer = try await blobs.store.stage(limit: .max)
                try await writer.append(Data(count: 6 << 20))
                #expect(try await bucket.unfinishedUploads == 1)
            }
            for _ in 0..<500 where try await bucket.unfinishedUploads > 0 {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(try await bucket.unfinishedUploads == 0)
        }
    }

    /// A process paused beyond its lease must not acknowledge data that another process has replaced.
    @Test(arguments: [5, 6 << 20]) func anOvertakenWriterAcknowledgesNothing(_ length: Int) async throws {
        try await TestBlobs.with(.bucket) { blobs in
            let (partials, key) = (blobs.store.partials, BlobKey())
            try await partials.begin(key)
            let paused = try #require(try await partials.open(key, at: 0, limit: .max))
            try await paused.append(Data("paused".utf8))
            await blobs.settle()
            let other = TestBytes.make(length)
            #expect(try await partials.add(other, to: key, at: 0) == Int64(length))
            await #expect(throws: BlobError.wrongOffset) { try await paused.flush() }
            await #expect(throws: BlobError.wrongOffset) { try await paused.append(Data(count: 6 << 20)) }
            await paused.release()
            #expect(try await partials.size(key) == Int64(length))
            try await blobs.store.commit(try await partials.complete(key))
            #expect(try await blobs.store.bytes(key) == other)
            await partials.remove(key)
            #expect(try await blobs.everything() == [BucketBlobStore.name(key)])
        }
    }

    /// The writer keeps its lease as long as bytes arrive, however long that takes.
    @Test func aSlowWriterKeepsItsLease() async throws {
        try await TestBlobs.with(.bucket) { blobs in
            let (partials, key) = (blobs.store.partials, BlobKey())
            try await partials.begin(key)
            let writer = try #require(try await partials.open(key, at: 0, limit: .max))
            for _ in 0..<5 {
                await blobs.bucket?.advance(by: .seconds(40))
                try await writer.append(Data([1]))
                #expect(try await partials.open(key, at: 0, limit: .max) == nil)
            }
            #expect(try await writer.flush() == 5)
        }
    }

    /// Any of the requests may fail, before or after it takes effect.
    @Test(arguments: 1...36, [SimulatedBucket.Failure.slowDown, .lostAnswer]) func oneFailureIsMadeUpFor(
        _ number: Int, _ failure: SimulatedBucket.Failure
    ) async throws {
        try await TemporaryFolder.with { folder in
            let bucket = SimulatedBucket { request, _ in request == number ? failure : nil }
            let store = try Self.store(bucket, folder)
            let (data, key) = (TestBytes.make(5 << 20 + 1), BlobKey())
            let blob = try await store.put(data)
            #expect(try await store.bytes(blob.key) == data)
            try await store.partials.begin(key)
            #expect(try await store.partials.add(data, to: key, at: 0) == Int64(data.count))
            try await store.commit(try await store.partials.complete(key))
            await store.partials.remove(key)
            #expect(try await store.bytes(key) == data)
            #expect(await bucket.names == [blob.key, key].map(BucketBlobStore.name).sorted())
        }
    }

    @Test func anOutageIsAnError() async throws {
        try await TemporaryFolder.with { folder in
            let store = try Self.store(SimulatedBucket { _, _ in .slowDown }, folder)
            await #expect(throws: BlobError.unavailable(reason: "SlowDown")) { try await store.put(Data([1])) }
            await #expect(throws: BlobError.unavailable(reason: "SlowDown")) {
                try await store.withFile(BlobKey()) { _ in }
            }
            #expect(TestBlobs.files(below: folder).allSatisfy { $0 == "lock" })
        }
    }

    private static func store(_ bucket: SimulatedBucket, _ folder: URL) throws -> BucketBlobStore {
        BucketBlobStore(
            bucket: bucket, cache: try BlobCache(root: folder, limit: 0), retries: .immediate,
            partBytes: BucketBlobStore.leastPartBytes)
    }

    @Test func clientsAreSentToTheBucket() async throws {
        try await TemporaryFolder.with { folder in
            let store = try await TestBlobs(.bucket, in: folder, address: "https://cdn.example/images/").store
            let key = try await store.put(Data([1])).key
            let download = DownloadDescription(filename: "t1.nii.gz", mediaType: "application/gzip")
            guard case .redirect(let url) = try await store.deliver(key, range: 0..<1, as: download) else {
                throw BlobError.missing
            }
            #expect(url.host() == "cdn.example" && url.path == "/images/" + BucketBlobStore.name(key))
            #expect(url.query()?.contains("application/gzip") == true)
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }

    fileprivate var failure: (any Error)? {
        guard case .failure(let error) = self else { return nil }
        return error
    }
}
