import Foundation
import FoundationNetworking
import Storage
import TestSupport
import Testing

@testable import ObjectStorage

/// What the contract of blob stores does not show: signatures, signed URLs, conditions, headers and clocks.
@Suite struct S3BucketTests {
    @Test(arguments: [ObjectStore.moto, .radosgw]) func conditionsAreKept(_ server: ObjectStore) async throws {
        let bucket = try S3Bucket(try await server.configuration())
        let version = try await bucket.put("a", Data([1]), .ifAbsent)
        for condition: BucketCondition in [.ifAbsent, .ifMatch("0123456789abcdef0123456789abcdef")] {
            await #expect(throws: BucketError.preconditionFailed) { try await bucket.put("a", Data([2]), condition) }
        }
        #expect(try await bucket.get("a").data == Data([1]))
        let next = try await bucket.put("a", Data([3]), .ifMatch(version))
        #expect(next != version)
        #expect(try await bucket.get("a").version == next)
    }

    @Test(arguments: [ObjectStore.moto, .radosgw]) func listsComeInPages(_ server: ObjectStore) async throws {
        let bucket = try S3Bucket(try await server.configuration())
        for name in ["x/3", "x/1", "x/2", "y"] { _ = try await bucket.put(name, Data(name.utf8)) }
        let first = try await bucket.list("x/", after: nil, limit: 2)
        #expect(first.entries.map(\.name) == ["x/1", "x/2"] && first.next == "x/2")
        let second = try await bucket.list("x/", after: first.next, limit: 2)
        #expect(second.entries.map(\.name) == ["x/3"] && second.next == nil)
        #expect(second.entries.first?.size == 3)
        let age = Timestamp.now.since(try #require(second.entries.first).modified)
        #expect(age < .seconds(60) && age > .seconds(-60))
    }

    @Test(arguments: [ObjectStore.moto, .radosgw]) func aSignedURLIsEnough(_ server: ObjectStore) async throws {
        let bucket = try S3Bucket(try await server.configuration())
        _ = try await bucket.put("a", Data("0123456789".utf8))
        let download = DownloadDescription(filename: "t1.nii.gz", mediaType: "application/gzip")
        let url = try await bucket.signedURL("a", for: .seconds(60), as: download)
        var request = URLRequest(url: url)
        request.setValue("bytes=2-4", forHTTPHeaderField: "Range")
        let (data, response) = try await URLSession.shared.data(for: request)
        let answer = try #require(response as? HTTPURLResponse)
        #expect(answer.statusCode == 206 && data == Data("234".utf8))
        // moto ignores them.
        guard server == .radosgw else { return }
        #expect(answer.value(forHTTPHeaderField: "Content-Type") == "application/gzip")
        #expect(answer.value(forHTTPHeaderField: "Content-Disposition") == "inline; filename=\"t1.nii.gz\"")
    }

    /// Only the gateway verifies signatures.
    @Test func aChangedURLIsRefused() async throws {
        let bucket = try S3Bucket(try await ObjectStore.radosgw.configuration())
        _ = try await bucket.put("a", Data([1]))
        let download = DownloadDescription(filename: "a", mediaType: "text/plain")
        let url = try await bucket.signedURL("a", for: .seconds(60), as: download)
        let changed = try #require(URL(string: url.absoluteString.replacing("text%2Fplain", with: "text%2Fhtml")))
        let (_, response) = try await URLSession.shared.data(from: changed)
        #expect((response as? HTTPURLResponse)?.statusCode == 403)
    }

    @Test func aWrongKeyIsRefusedWithoutSecrets() async throws {
        var configuration = try await ObjectStore.radosgw.configuration()
        configuration.credentials = ObjectStoreCredentials(accessKeyID: "TESTACCESSKEY", secretAccessKey: "wrong")
        let bucket = try S3Bucket(configuration)
        await #expect(throws: BucketError.refused(reason: "SignatureDoesNotMatch (HTTP 403)")) {
            try await bucket.put("a", Data([1]))
        }
    }

    @Test func aWrongClockIsCorrected() async throws {
        try await TemporaryFolder.with { folder in
            let bucket = try S3Bucket(try await ObjectStore.radosgw.configuration())
            // An hour behind, which the gateway refuses.
            bucket.client.clock.learn("Fri, 24 May 2013 00:00:00 GMT")
            #expect(Timestamp.now.since(bucket.now) > .seconds(3600))
            await #expect(throws: BucketError.unavailable(reason: "RequestTimeTooSkewed (HTTP 403)")) {
                try await bucket.put("a", Data([1]))
            }
            _ = try await bucket.put("a", Data([1]))
            // A response to HEAD has no code that says so.
            bucket.client.clock.learn("Fri, 24 May 2013 00:00:00 GMT")
            await #expect(throws: BucketError.unavailable(reason: "HTTP 403")) { try await bucket.head("a") }
            #expect(try await bucket.head("a") == 1)
            let left = Timestamp.now.since(bucket.now)
            #expect(left < .seconds(5) && left > .seconds(-5))
        }
    }

    @Test func encryptionIsRequested() async throws {
        let proxy = try FaultyProxy(to: try await ObjectStore.moto.port())
        var configuration = try await ObjectStore.moto.configuration(through: proxy.url)
        configuration.location.encryption = .kms(key: "a-key")
        let bucket = try S3Bucket(configuration)
        _ = try await bucket.put("a", Data([1]))
        _ = try await bucket.createUpload("b")
        for head in proxy.requests {
            #expect(head.contains("x-amz-server-side-encryption: aws:kms\r\n"))
            #expect(head.contains("x-amz-server-side-encryption-aws-kms-key-id: a-key\r\n"))
        }
        #expect(proxy.requests.count == 2)
    }

    /// Google's differences, as its documentation of the XML API gives them; no server of it can run here, so the
    /// proxy answers itself.
    @Test func requestsToGoogleHaveItsNames() async throws {
        let proxy = try FaultyProxy(to: 0) { _, _ in .status(200, code: "None") }
        guard case .bucket(var location) = try StorageLocation("gs://neuroai-test/x") else { return }
        location.endpoint = proxy.url
        let credentials = ObjectStoreCredentials(accessKeyID: "GOOG1", secretAccessKey: "secret")
        let bucket = try S3Bucket(S3Configuration(location: location, credentials: credentials))
        _ = try await bucket.put("a", Data([1]), .ifAbsent)
        let head = try #require(proxy.requests.first)
        #expect(head.hasPrefix("PUT /neuroai-test/x/a HTTP/1.1\r\n"))
        #expect(head.contains("authorization: GOOG4-HMAC-SHA256 Credential=GOOG1/"))
        #expect(head.contains("/auto/storage/goog4_request, "))
        #expect(head.contains("x-goog-if-generation-match: 0\r\n") && head.contains("x-goog-date: "))
        #expect(head.contains("content-md5: ") && !head.lowercased().contains("x-amz-"))
        let url = try await bucket.signedURL(
            "a", for: .seconds(60), as: DownloadDescription(filename: "a", mediaType: "b"))
        #expect(url.query()?.contains("X-Goog-Signature=") == true)
    }
}
