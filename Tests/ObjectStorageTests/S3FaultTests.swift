import Foundation
import Storage
import Synchronization
import TestSupport
import Testing

@testable import ObjectStorage

/// Failures of the network and of the server, with real requests through a faulty proxy.
@Suite struct S3FaultTests {
    /// A store behind a proxy.
    private static func with<T: Sendable>(
        timeout: Duration = .seconds(20), plan: @escaping FaultyProxy.Plan,
        _ body: @Sendable (BucketBlobStore, FaultyProxy) async throws -> T
    ) async throws -> T {
        let server = ObjectStore.moto
        return try await TemporaryFolder.with { folder in
            let proxy = try FaultyProxy(to: try await server.port(), plan)
            var configuration = try await server.configuration(through: proxy.url)
            configuration.timeout = timeout
            var retries = RetryPolicy()
            retries.base = .milliseconds(1)
            let store = BucketBlobStore(
                bucket: try S3Bucket(configuration), cache: try BlobCache(root: folder, limit: 0), retries: retries,
                partBytes: BucketBlobStore.leastPartBytes)
            return try await body(store, proxy)
        }
    }

    @Test(arguments: [
        FaultyProxy.Fault.status(500, code: "InternalError"), .status(503, code: "SlowDown"),
        .status(400, code: "RequestTimeout"), .reset, .lostResponse, .halfResponse,
    ]) func everyThirdRequestMayFail(_ fault: FaultyProxy.Fault) async throws {
        try await Self.with(plan: { number, _ in number % 3 == 0 ? fault : nil }) { store, _ in
            let (data, key) = (TestBytes.make(11 << 20 + 1), BlobKey())
            let blob = try await store.put(data)
            #expect(try await store.bytes(blob.key) == data)
            try await store.partials.begin(key)
            #expect(try await store.partials.add(data, to: key, at: 0) == Int64(data.count))
            let staged = try await store.partials.complete(key)
            #expect(staged.sha256 == blob.sha256)
            try await store.commit(staged)
            await store.partials.remove(key)
            #expect(Set(try await store.allKeys()) == [blob.key, key])
        }
    }

    @Test func aLostResponseToTheCompletionIsNoLoss() async throws {
        let isFirst = Mutex(true)
        let plan: FaultyProxy.Plan = { _, head in
            guard head.hasPrefix("POST"), head.contains("uploadId=") else { return nil }
            return isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst ? .lostResponse : nil
            }
        }
        try await Self.with(plan: plan) { store, proxy in
            let data = TestBytes.make(6 << 20)
            let blob = try await store.put(data)
            #expect(try await store.bytes(blob.key) == data)
            #expect(proxy.requests.filter { $0.hasPrefix("POST") && $0.contains("uploadId=") }.count == 2)
        }
    }

    @Test func aSlowAnswerIsAskedForAgain() async throws {
        try await Self.with(timeout: .seconds(1), plan: { number, _ in number == 1 ? .slow(seconds: 4) : nil }) {
            store, _ in
            let blob = try await store.put(Data([1, 2]))
            #expect(try await store.bytes(blob.key) == Data([1, 2]))
        }
    }

    @Test func anOutageIsAnErrorWithoutSecrets() async throws {
        try await Self.with(plan: { _, _ in .status(503, code: "SlowDown") }) { store, proxy in
            await #expect(throws: BlobError.unavailable(reason: "SlowDown (HTTP 503)")) {
                try await store.put(Data([1]))
            }
            #expect(proxy.requests.count == RetryPolicy().attempts)
        }
        try await Self.with(plan: { _, _ in .status(403, code: "AccessDenied") }) { store, proxy in
            await #expect(throws: BlobError.refused(reason: "AccessDenied (HTTP 403)")) {
                try await store.put(Data([1]))
            }
            #expect(proxy.requests.count == 1)
        }
    }

    @Test func noServerIsAnError() async throws {
        try await TemporaryFolder.with { folder in
            guard let nobody = URL(string: "http://127.0.0.1:\(try FreePort.find())") else { return }
            let bucket = try S3Bucket(try await ObjectStore.moto.configuration(through: nobody))
            let store = BucketBlobStore(
                bucket: bucket, cache: try BlobCache(root: folder, limit: 0), retries: .immediate)
            await #expect(throws: BlobError.self) { try await store.put(Data([1])) }
        }
    }
}
