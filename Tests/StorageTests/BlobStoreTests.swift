import Crypto
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Storage

@Suite struct BlobStoreTests {
    private func withStore(_ body: @escaping @Sendable (DiskBlobStore) async throws -> Void) async throws {
        try await TemporaryFolder.with { folder in
            try await body(try DiskBlobStore(root: folder.appendingPathComponent("blobs")))
        }
    }

    /// Every regular file below the store's folder.
    private static func files(_ store: DiskBlobStore) -> [String] {
        let walk = FileManager.default.enumerator(at: store.root, includingPropertiesForKeys: [.isRegularFileKey])
        return (walk?.allObjects ?? []).compactMap { $0 as? URL }.filter {
            (try? $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true
        }.map(\.lastPathComponent)
    }

    private static func bytes(_ stream: AsyncThrowingStream<Data, any Error>) async throws -> Data {
        try await stream.reduce(into: Data()) { $0 += $1 }
    }

    @Test func bytesComeBackWithTheirDigest() async throws {
        try await withStore { store in
            let data = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            let writer = try await store.stage(limit: 1_000_000)
            for start in stride(from: 0, to: data.count, by: 70_001) {
                try await writer.append(data[start..<min(start + 70_001, data.count)])
            }
            let staged = try await writer.finish()
            #expect(staged.size == 1_000_000)
            #expect(staged.sha256 == SHA256.hash(data: data).map { String(format: "%02x", $0) }.joined())
            await #expect(throws: BlobError.missing) { try await store.localURL(staged.key) }
            try await store.commit(staged)
            #expect(try await Data(contentsOf: store.localURL(staged.key)) == data)
            #expect(try await Self.bytes(store.read(staged.key, range: nil)) == data)
            let key = staged.key.string
            let expected = "\(key.prefix(2))/\(key.dropFirst(2).prefix(2))/\(key)"
            #expect(try await store.localURL(staged.key).path.hasSuffix(expected))
            #expect(Self.files(store) == [key])
        }
    }

    @Test func rangesAreCutToTheFile() async throws {
        try await withStore { store in
            let blob = try await store.put(Data(0..<100))
            #expect(try await Self.bytes(store.read(blob.key, range: 10..<20)) == Data(10..<20))
            #expect(try await Self.bytes(store.read(blob.key, range: 90..<1000)) == Data(90..<100))
            #expect(try await Self.bytes(store.read(blob.key, range: 100..<200)) == Data())
        }
    }

    @Test func theLimitHoldsWhileWriting() async throws {
        try await withStore { store in
            let writer = try await store.stage(limit: 10)
            try await writer.append(Data(count: 10))
            await #expect(throws: BlobError.tooLarge(limit: 10)) { try await writer.append(Data(count: 1)) }
            await writer.abandon()
            #expect(Self.files(store).isEmpty)
            await #expect(throws: BlobError.closed) { try await writer.append(Data(count: 1)) }
            await #expect(throws: BlobError.closed) { try await writer.finish() }
        }
    }

    @Test func anInterruptedWriteLeavesNothing() async throws {
        try await withStore { store in
            do {
                let writer = try await store.stage(limit: 1000)
                try await writer.append(Data(count: 500))
                #expect(Self.files(store).count == 1)
            }
            // The writer went with its scope, as with a client that hangs up.
            #expect(Self.files(store).isEmpty)
        }
    }

    @Test func aDiscardedFileIsGone() async throws {
        try await withStore { store in
            let writer = try await store.stage(limit: 10)
            let staged = try await writer.finish()
            #expect(FileManager.default.fileExists(atPath: staged.url.path))
            await store.discard(staged)
            #expect(Self.files(store).isEmpty)
            await #expect(throws: BlobError.self) { try await store.commit(staged) }
        }
    }

    @Test func deletingTwiceIsNoError() async throws {
        try await withStore { store in
            let blob = try await store.put(Data([1]))
            try await store.delete(blob.key)
            try await store.delete(blob.key)
            await #expect(throws: BlobError.missing) { try await store.read(blob.key, range: nil) }
            #expect(Self.files(store).isEmpty)
        }
    }

    @Test func oldFilesAreListedKeptAndStagedAlike() async throws {
        try await withStore { store in
            let kept = try await store.put(Data([1]))
            let staged = try await store.stage(limit: 1).finish()
            #expect(try await store.keys(writtenBefore: Timestamp.now.advanced(by: .seconds(-3600))).isEmpty)
            let all = try await store.keys(writtenBefore: Timestamp.now.advanced(by: .seconds(3600)))
            #expect(Set(all) == [kept.key, staged.key])
        }
    }

    @Test func filesAreForTheServiceAlone() async throws {
        try await withStore { store in
            let url = try await store.localURL(try await store.put(Data([1])).key)
            let mode = try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? NSNumber
            #expect(mode?.intValue == 0o600)
        }
    }

    @Test func onlyUUIDsAreKeys() {
        #expect(BlobKey("../../etc/passwd") == nil)
        #expect(BlobKey("6F9619FF-8B86-D011-B42D-00CF4FC964FF")?.string == "6f9619ff-8b86-d011-b42d-00cf4fc964ff")
    }

    /// A deleted file's space is free once nothing holds it open any more.
    @Test func aDeletedFileIsLetGo() async throws {
        try await withStore { store in
            let writer = try await store.stage(limit: 100)
            try await writer.append(Data("image".utf8))
            let staged = try await writer.finish()
            try await store.commit(staged)
            try await store.delete(staged.key)
            func held() throws -> [String] {
                let folder = "/proc/self/fd"
                return try FileManager.default.contentsOfDirectory(atPath: folder).compactMap {
                    try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
                }.filter { $0.hasPrefix(store.root.path) }
            }
            for _ in 0..<200 where try !held().isEmpty { try await Task.sleep(for: .milliseconds(25)) }
            #expect(try held().isEmpty)
        }
    }
}

@Suite struct ThreadPoolTests {
    /// Counts who is inside, and lets nobody out before four have come in.
    private final class Meeting: Sendable {
        private struct State {
            var inside = 0
            var most = 0
            var arrivals = 0
        }

        private let state = Mutex(State())

        var most: Int { state.withLock { $0.most } }

        func attend() {
            state.withLock { state in
                state.inside += 1
                state.arrivals += 1
                state.most = max(state.most, state.inside)
            }
            let end = ContinuousClock.now + .seconds(60)
            while state.withLock({ $0.arrivals < 4 }), ContinuousClock.now < end { Thread.sleep(forTimeInterval: 0.01) }
            state.withLock { $0.inside -= 1 }
        }
    }

    @Test func workRunsInParallelUpToTheThreads() async throws {
        let pool = ThreadPool<Void>(name: "test", threads: 4) {}
        let meeting = Meeting()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { try await pool.run { meeting.attend() } } }
            try await group.waitForAll()
        }
        #expect(meeting.most == 4)
    }

    @Test func aClosedPoolRefuses() async throws {
        let pool = ThreadPool<Void>(name: "test", threads: 1) {}
        pool.close()
        await #expect(throws: ThreadPoolClosed.self) { try await pool.run {} }
    }
}
