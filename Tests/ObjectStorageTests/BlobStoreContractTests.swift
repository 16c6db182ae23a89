import Basics
import Crypto
import Foundation
import Storage
import TestSupport
import Testing

/// The contract of every blob store, whatever its storage.
@Suite struct BlobStoreContractTests {
    private static func digest(_ data: Data) -> String { SHA256.hash(data: data).hexadecimal }

    @Test(arguments: TestBlobs.Kind.everywhere) func bytesComeBackWithTheirDigest(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let store = blobs.store
            let data = TestBytes.make(1_000_000)
            let writer = try await store.stage(limit: 1_000_000)
            for start in stride(from: 0, to: data.count, by: 70_001) {
                try await writer.append(data[start..<min(start + 70_001, data.count)])
            }
            let staged = try await writer.finish()
            #expect(staged.size == 1_000_000 && staged.sha256 == Self.digest(data))
            #expect(try await store.withFile(staged) { try Data(contentsOf: $0) } == data)
            try await store.commit(staged)
            #expect(try await store.withFile(staged.key) { try Data(contentsOf: $0) } == data)
            #expect(try await store.bytes(staged.key) == data)
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func aFileOfManyPartsIsOne(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let data = TestBytes.make(11 << 20 + 1)
            let blob = try await blobs.store.put(data)
            #expect(blob.sha256 == Self.digest(data))
            #expect(try await blobs.store.bytes(blob.key) == data)
            let seam: Range<Int64> = 5 << 20 - 3..<5 << 20 + 3
            #expect(try await blobs.store.bytes(blob.key, seam) == data[seam.lowerBound.int..<seam.upperBound.int])
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func rangesAreCutToTheFile(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let key = try await blobs.store.put(Data(0..<100)).key
            #expect(try await blobs.store.bytes(key, 10..<20) == Data(10..<20))
            #expect(try await blobs.store.bytes(key, 90..<1000) == Data(90..<100))
            #expect(try await blobs.store.bytes(key, 100..<200) == Data())
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func anEmptyFileIsAFile(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let blob = try await blobs.store.put(Data())
            #expect(blob.size == 0 && blob.sha256 == Self.digest(Data()))
            #expect(try await blobs.store.bytes(blob.key).isEmpty)
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func theLimitHoldsWhileWriting(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let writer = try await blobs.store.stage(limit: 10)
            try await writer.append(Data(count: 10))
            await #expect(throws: BlobError.tooLarge(limit: 10)) { try await writer.append(Data(count: 1)) }
            await writer.abandon()
            #expect(try await blobs.everything().isEmpty)
            await #expect(throws: BlobError.closed) { try await writer.append(Data(count: 1)) }
            await #expect(throws: BlobError.closed) { try await writer.finish() }
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func anInterruptedWriteLeavesNothing(_ kind: TestBlobs.Kind)
        async throws
    {
        try await TestBlobs.with(kind) { blobs in
            do {
                let writer = try await blobs.store.stage(limit: 1000)
                try await writer.append(Data(count: 500))
            }
            // The writer was released with its scope, as when a client disconnects.
            #expect(try await blobs.everything().isEmpty)
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func aDiscardedFileIsGone(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let staged = try await blobs.store.stage(Data([1]))
            #expect(try await blobs.everything().count == 1)
            await blobs.store.discard(staged)
            #expect(try await blobs.everything().isEmpty)
            await #expect(throws: BlobError.missing) { try await blobs.store.commit(staged) }
            await #expect(throws: BlobError.missing) { try await blobs.store.withFile(staged) { _ in } }
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func committingTwiceIsNoError(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let staged = try await blobs.store.stage(Data([1, 2]))
            for _ in 1...2 { try await blobs.store.commit(staged) }
            #expect(try await blobs.store.bytes(staged.key) == Data([1, 2]))
            #expect(try await blobs.everything().count == 1)
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func deletingTwiceIsNoError(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let key = try await blobs.store.put(Data([1])).key
            for _ in 1...2 { try await blobs.store.delete(key) }
            #expect(try await blobs.everything().isEmpty)
            await #expect(throws: BlobError.missing) { try await blobs.store.read(key, range: nil) }
            await #expect(throws: BlobError.missing) { try await blobs.store.withFile(key) { _ in } }
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func keysComeInPages(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let store = blobs.store
            var keys: Set<BlobKey> = []
            for number: UInt8 in 0..<7 { keys.insert(try await store.put(Data([number])).key) }
            for number: UInt8 in 0..<2 { keys.insert(try await store.stage(Data([number])).key) }
            await blobs.settle()
            #expect(try await store.allKeys(writtenBefore: .now.advanced(by: .seconds(-3600)), limit: 4).isEmpty)
            var seen: [BlobKey] = []
            for try await page in store.pages(writtenBefore: .now.advanced(by: .seconds(3600)), limit: 4) {
                #expect(page.count <= 4)
                seen += page
                // As the sweep does: deletions between two pages must not hide other keys.
                for key in page { try await store.delete(key) }
            }
            #expect(seen.count == 9 && Set(seen) == keys)
            await blobs.settle()
            #expect(try await store.allKeys().isEmpty)
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func anErrorOfTheReaderIsTheCallers(_ kind: TestBlobs.Kind) async throws
    {
        struct Refusal: Error {}
        try await TestBlobs.with(kind) { blobs in
            let key = try await blobs.store.put(Data([1])).key
            await #expect(throws: Refusal.self) { try await blobs.store.withFile(key) { _ in throw Refusal() } }
            #expect(try await blobs.everything().count == 1)
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func severalFilesComeInTheirOrder(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            var keys: [BlobKey] = []
            for number: UInt8 in 0..<4 { keys.append(try await blobs.store.put(Data([number])).key) }
            let bytes = try await blobs.store.withFiles(keys) { try $0.map { try Data(contentsOf: $0) } }
            #expect(bytes == (0..<4).map { Data([$0]) })
            let more = keys + [BlobKey()]
            await #expect(throws: BlobError.missing) { try await blobs.store.withFiles(more) { _ in } }
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func manyWriteAtOnce(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let data = Data(repeating: UInt8(number), count: 100_000)
                        return try await blobs.store.bytes(try await blobs.store.put(data).key) == data
                    }
                }
                for try await isSame in group { #expect(isSame) }
            }
        }
    }

    @Test(arguments: TestBlobs.Kind.everywhere) func clientsGetBytesOrAnAddress(_ kind: TestBlobs.Kind) async throws {
        try await TestBlobs.with(kind) { blobs in
            let key = try await blobs.store.put(Data(0..<10)).key
            let download = DownloadDescription(filename: "t1.nii.gz", mediaType: "application/gzip")
            guard case .bytes(let stream) = try await blobs.store.deliver(key, range: 2..<4, as: download) else {
                throw BlobError.missing
            }
            #expect(try await stream.reduce(into: Data()) { $0 += $1 } == Data(2..<4))
        }
    }

    @Test func onlyUUIDsAreKeys() {
        #expect(BlobKey("../../etc/passwd") == nil)
        #expect(BlobKey("6F9619FF-8B86-D011-B42D-00CF4FC964FF")?.string == "6f9619ff-8b86-d011-b42d-00cf4fc964ff")
    }
}

/// Bytes that encode their own offset.
enum TestBytes {
    static func make(_ count: Int) -> Data {
        var bytes = [UInt8](repeating: 0, count: count)
        for place in 0..<count { bytes[place] = UInt8(truncatingIfNeeded: place &* 31 &+ place >> 8) }
        return Data(bytes)
    }
}

extension Int64 {
    fileprivate var int: Int { Int(self) }
}
