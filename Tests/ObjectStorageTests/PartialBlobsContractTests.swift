import Basics
import Crypto
import Foundation
import Storage
import TestSupport
import Testing

/// The contract of every store for files uploaded in parts.
@Suite struct PartialBlobsContractTests {
    private static let part = 5 << 20

    @Test(arguments: TestBlobs.Kind.everywhere) func partsBecomeABlob(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let (partials, key) = (blobs.store.partials, BlobKey())
            try await partials.begin(key)
            #expect(try await partials.size(key) == 0)
            #expect(try await partials.add(Data("one ".utf8), to: key, at: 0) == 4)
            #expect(try await partials.add(Data("two".utf8), to: key, at: 4) == 7)
            #expect(try await partials.size(key) == 7)
            let staged = try await partials.complete(key)
            #expect(staged.key == key && staged.size == 7)
            #expect(staged.sha256 == SHA256.hash(data: Data("one two".utf8)).hexadecimal)
            #expect(try await blobs.store.withFile(staged) { try Data(contentsOf: $0) } == Data("one two".utf8))
            try await blobs.store.commit(staged)
            await partials.remove(key)
            #expect(try await blobs.store.bytes(key) == Data("one two".utf8))
            await #expect(throws: BlobError.missing) { try await partials.size(key) }
            #expect(try await blobs.everything().count == 1)
        }
    }

    /// Requests of any length, below and above the part size of an object store, each acknowledged with its end offset.
    @Test(arguments: TestBlobs.Kind.everywhere) func lengthsOfRequestsDoNotMatter(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let (partials, key) = (blobs.store.partials, BlobKey())
            let data = TestBytes.make(17 << 20 + 5)
            try await partials.begin(key)
            var offset = 0
            for length in [1, Self.part - 1, Self.part, 3, 1 << 20, Self.part + 7, data.count] {
                let piece = data.dropFirst(offset).prefix(length)
                offset += piece.count
                let size = try await partials.add(piece, to: key, at: Int64(offset - piece.count))
                #expect(size == Int64(offset))
            }
            let staged = try await partials.complete(key)
            #expect(staged.sha256 == SHA256.hash(data: data).hexadecimal)
            try await blobs.store.commit(staged)
            #expect(try await blobs.store.bytes(key) == data)
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func anEmptyFileCompletes(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let key = BlobKey()
            try await blobs.store.partials.begin(key)
            let staged = try await blobs.store.partials.complete(key)
            try await blobs.store.commit(staged)
            #expect(try await blobs.store.bytes(key).isEmpty)
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func onlyTheEndIsWrittenOn(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let (partials, key) = (blobs.store.partials, BlobKey())
            await #expect(throws: BlobError.missing) { try await partials.size(key) }
            await #expect(throws: BlobError.missing) { try await partials.add(Data([1]), to: key, at: 0) }
            try await partials.begin(key)
            await #expect(throws: BlobError.self) { try await partials.begin(key) }
            _ = try await partials.add(Data(0..<5), to: key, at: 0)
            for offset: Int64 in [0, 4, 6] {
                await #expect(throws: BlobError.wrongOffset) { try await partials.add(Data([1]), to: key, at: offset) }
            }
            await #expect(throws: BlobError.tooLarge(limit: 6)) {
                try await partials.add(Data([1, 2]), to: key, at: 5, limit: 6)
            }
            #expect(try await partials.size(key) == 5)
            #expect(try await partials.add(Data([1]), to: key, at: 5, limit: 6) == 6)
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func oneWritesAtATime(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let (partials, key) = (blobs.store.partials, BlobKey())
            try await partials.begin(key)
            let first = try #require(try await partials.open(key, at: 0, limit: 10))
            #expect(try await partials.open(key, at: 0, limit: 10) == nil)
            // Also from another process.
            #expect(try await blobs.elsewhere().partials.open(key, at: 0, limit: 10) == nil)
            try await first.append(Data([1]))
            #expect(try await first.flush() == 1)
            await first.release()
            #expect(try await partials.add(Data([2]), to: key, at: 1) == 2)
        }
    }

    /// A request with a digest mismatch leaves nothing behind; everything received before it stays.
    @Test(arguments: TestBlobs.Kind.everywhere, [3, 7 << 20]) func aRequestCanBeUndone(
        _ kind: TestBlobs.Kind, _ length: Int
    )
        async throws
    {
        try await TestBlobs.with(kind) { blobs in
            let (partials, key) = (blobs.store.partials, BlobKey())
            try await partials.begin(key)
            _ = try await partials.add(Data("before".utf8), to: key, at: 0)
            let writer = try #require(try await partials.open(key, at: 6, limit: .max))
            try await writer.append(Data(count: length))
            _ = try await writer.flush()
            try await writer.append(Data([9]))
            _ = try await writer.flush()
            try await writer.undo()
            await writer.release()
            #expect(try await partials.size(key) == 6)
            #expect(try await partials.add(Data(" after".utf8), to: key, at: 6) == 12)
            try await blobs.store.commit(try await partials.complete(key))
            #expect(try await blobs.store.bytes(key) == Data("before after".utf8))
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere, [10, 6 << 20]) func aCrashLosesNothingThatWasAcknowledged(
        _ kind: TestBlobs.Kind, _ length: Int
    ) async throws {
        try await TestBlobs.with(kind) { blobs in
            let key = BlobKey()
            let data = TestBytes.make(16 << 20)
            try await blobs.store.partials.begin(key)
            var acknowledged: Int64 = 0
            do {
                let writer = try #require(try await blobs.store.partials.open(key, at: 0, limit: .max))
                try await writer.append(data.prefix(length))
                acknowledged = try await writer.flush()
                try await writer.append(data.dropFirst(length).prefix(length))
            }
            #expect(acknowledged == Int64(length))
            let store = try await blobs.restarted()
            let size = try await store.partials.size(key)
            #expect(size >= acknowledged)
            _ = try await store.partials.add(data.dropFirst(Int(size)), to: key, at: size)
            let staged = try await store.partials.complete(key)
            #expect(staged.sha256 == SHA256.hash(data: data).hexadecimal)
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func aCrashAfterCompletionIsMadeUpFor(_ kind: TestBlobs.Kind)
        async throws
    {
        try await TestBlobs.with(kind) { blobs in
            let (key, data) = (BlobKey(), TestBytes.make(6 << 20))
            try await blobs.store.partials.begin(key)
            _ = try await blobs.store.partials.add(data, to: key, at: 0)
            let first = try await blobs.store.partials.complete(key)
            let store = try await blobs.restarted()
            #expect(try await store.partials.size(key) == Int64(data.count))
            let staged = try await store.partials.complete(key)
            #expect(staged.sha256 == first.sha256 && staged.key == first.key)
            try await store.commit(staged)
            await store.partials.remove(key)
            #expect(try await store.bytes(key) == data)
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func whatIsRemovedIsGone(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let (partials, keys) = (blobs.store.partials, [BlobKey(), BlobKey()])
            for key in keys {
                try await partials.begin(key)
                for part in 0..<3 { _ = try await partials.add(Data(count: 10), to: key, at: Int64(part) * 10) }
            }
            await partials.remove(keys[0])
            // A complete file whose blob is not needed.
            let staged = try await partials.complete(keys[1])
            await blobs.store.discard(staged)
            await partials.remove(keys[1])
            await partials.remove(BlobKey())
            #expect(try await blobs.everything().isEmpty)
            for key in keys { await #expect(throws: BlobError.missing) { try await partials.size(key) } }
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func keysComeInPages(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let partials = blobs.store.partials
            var keys: Set<BlobKey> = []
            for _ in 0..<5 {
                let key = BlobKey()
                keys.insert(key)
                try await partials.begin(key)
                _ = try await partials.add(Data([1]), to: key, at: 0)
            }
            _ = try await blobs.store.put(Data([1]))
            await blobs.settle()
            #expect(try await partials.allKeys(writtenBefore: .now.advanced(by: .seconds(-3600))).isEmpty)
            let listed = try await partials.allKeys(limit: 2)
            #expect(listed.count == 5 && Set(listed) == keys)
            // The blob sweep does not list them.
            #expect(try await blobs.store.allKeys().count == 1)
        }
    }
}
