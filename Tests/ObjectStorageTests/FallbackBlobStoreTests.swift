import Foundation
import Storage
import TestSupport
import Testing

/// A new store in front of the one that it replaces.
@Suite struct FallbackBlobStoreTests {
    @Test(arguments: [TestBlobs.Kind.disk, .bucket]) func oldFilesAreReadAndNewOnesGoToTheNewStore(
        _ kind: TestBlobs.Kind
    ) async throws {
        try await TestBlobs.with(.disk) { old in
            try await TestBlobs.with(kind) { new in
                let store = FallbackBlobStore(new.store, fallback: old.store)
                let before = try await old.store.put(Data([1, 2])).key
                let after = try await store.put(Data([3])).key
                for (key, data) in [(before, Data([1, 2])), (after, Data([3]))] {
                    #expect(try await store.bytes(key) == data)
                    #expect(try await store.size(key) == Int64(data.count))
                    #expect(try await store.withFile(key) { try Data(contentsOf: $0) } == data)
                }
                #expect(try await new.store.bytes(after) == Data([3]))
                await #expect(throws: BlobError.missing) { try await old.store.size(after) }
                // A missing file inside the closure is the caller's error, not a reason to look elsewhere.
                await #expect(throws: BlobError.missing) {
                    try await store.withFile(after) { _ in throw BlobError.missing }
                }
                #expect(try await store.allKeys() == [after])
                for key in [before, after] {
                    try await store.delete(key)
                    await #expect(throws: BlobError.missing) { try await store.size(key) }
                }
                #expect(try await old.everything().isEmpty)
                #expect(try await new.everything().isEmpty)
            }
        }
    }

    @Test func anUploadIsFinishedWhereItWasBegun() async throws {
        try await TestBlobs.with(.disk) { old in
            try await TestBlobs.with(.bucket) { new in
                let key = BlobKey()
                try await old.store.partials.begin(key)
                _ = try await old.store.partials.add(Data([1]), to: key, at: 0)
                let store = FallbackBlobStore(new.store, fallback: old.store)
                #expect(try await store.partials.size(key) == 1)
                #expect(try await store.partials.add(Data([2]), to: key, at: 1) == 2)
                let staged = try await store.partials.complete(key)
                #expect(try await store.withFile(staged) { try Data(contentsOf: $0) } == Data([1, 2]))
                try await store.commit(staged)
                await store.partials.remove(key)
                #expect(try await store.bytes(key) == Data([1, 2]))
                #expect(try await new.everything().isEmpty)
            }
        }
    }
}
