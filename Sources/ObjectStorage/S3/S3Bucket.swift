import Basics
import Crypto
import Foundation
import Storage

/// A bucket of Amazon S3, of a server with the same API, or of Google Cloud Storage by its XML API
/// (https://docs.aws.amazon.com/AmazonS3/latest/API/, https://cloud.google.com/storage/docs/xml-api/overview).
///
/// Every upload is covered by a checksum that the service verifies: the SHA-256 of the body is part of the signature,
/// and S3 keeps it with the object; Google verifies the MD5.
package struct S3Bucket: Bucket {
    private let location: BucketLocation
    let client: S3Client

    package init(_ configuration: S3Configuration) throws {
        location = configuration.location
        client = try S3Client(configuration)
    }

    private var isGoogle: Bool { location.service == .google }

    private func full(_ name: String) -> String { location.prefix + name }

    package var now: Timestamp { client.clock.now }

    // MARK: Objects

    package func put(_ name: String, _ data: Data, _ condition: BucketCondition) async throws -> String {
        var request = S3Request("PUT", full(name), body: data)
        request.headers = conditions(condition) + encryption + checksum(of: data)
        return version(try await client.send(request))
    }

    private func conditions(_ condition: BucketCondition) -> [(String, String)] {
        switch condition {
        case .none: []
        case .ifAbsent: isGoogle ? [("x-goog-if-generation-match", "0")] : [("if-none-match", "*")]
        case .ifMatch(let version): [(isGoogle ? "x-goog-if-generation-match" : "if-match", version)]
        }
    }

    /// Google compares generations where S3 compares entity tags. Without quotes, which S3 does not require and Ceph 16
    /// would compare.
    private func version(_ response: S3Response) -> String {
        (response.headers.first(name: isGoogle ? "x-goog-generation" : "etag") ?? "").filter { $0 != "\"" }
    }

    private var encryption: [(String, String)] {
        switch location.encryption {
        case nil: []
        case .aes256: [("x-amz-server-side-encryption", "AES256")]
        case .kms(let key):
            [("x-amz-server-side-encryption", "aws:kms")]
                + (key.map { [("x-amz-server-side-encryption-aws-kms-key-id", $0)] } ?? [])
        }
    }

    private func checksum(of data: Data) -> [(String, String)] {
        isGoogle
            ? [("content-md5", Data(Insecure.MD5.hash(data: data)).base64EncodedString())]
            : [("x-amz-checksum-sha256", Data(SHA256.hash(data: data)).base64EncodedString())]
    }

    package func get(_ name: String, _ range: Range<Int64>?) async throws -> BucketObject {
        var request = S3Request("GET", full(name))
        if let range {
            guard !range.isEmpty else { return BucketObject(data: Data(), version: "") }
            request.headers = [("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")]
        }
        do {
            let response = try await client.send(request)
            return BucketObject(data: response.body, version: version(response))
        } catch S3Client.Refusal.rangeNotSatisfiable {
            return BucketObject(data: Data(), version: "")
        }
    }

    package func head(_ name: String) async throws -> Int64 {
        let response = try await client.send(S3Request("HEAD", full(name)))
        guard let size = response.headers.first(name: "content-length").flatMap({ Int64($0) }) else {
            throw BucketError.unavailable(reason: "HEAD without a Content-Length")
        }
        return size
    }

    package func delete(_ name: String) async throws {
        do { _ = try await client.send(S3Request("DELETE", full(name))) } catch BucketError.noSuchKey {}
    }

    package func list(_ prefix: String, after cursor: String?, limit: Int) async throws -> BucketListing {
        var request = S3Request("GET", "")
        request.query = [("list-type", "2"), ("prefix", full(prefix)), ("max-keys", String(min(limit, 1000)))]
        if let cursor { request.query.append(("start-after", full(cursor))) }
        let answer = try await client.send(request).xml("ListBucketResult")
        let entries = try answer.all("Contents").map { item in
            guard let name = item["Key"], name.hasPrefix(location.prefix),
                let size = item["Size"].flatMap({ Int64($0) }),
                let time = item["LastModified"].flatMap(HTTPDate.iso8601)
            else { throw BucketError.unavailable(reason: "a list can't be read") }
            return BucketListing.Entry(
                name: String(name.dropFirst(location.prefix.count)), size: size, modified: Timestamp(time))
        }
        return BucketListing(entries: entries, next: answer["IsTruncated"] == "true" ? entries.last?.name : nil)
    }

    // MARK: Multipart uploads

    package func createUpload(_ name: String) async throws -> BucketUpload {
        var request = S3Request("POST", full(name))
        request.query = [("uploads", "")]
        request.headers = encryption + (isGoogle ? [] : [("x-amz-checksum-algorithm", "SHA256")])
        guard let id = try await client.send(request).xml("InitiateMultipartUploadResult")["UploadId"] else {
            throw BucketError.unavailable(reason: "an upload has no ID")
        }
        return BucketUpload(name: name, id: id)
    }

    package func uploadPart(_ number: Int, _ data: Data, of upload: BucketUpload) async throws -> BucketPart {
        var request = S3Request("PUT", full(upload.name), body: data)
        request.query = [("partNumber", String(number)), ("uploadId", upload.id)]
        request.headers = checksum(of: data)
        let response = try await client.send(request)
        guard let etag = response.headers.first(name: "etag") else {
            throw BucketError.unavailable(reason: "a part has no ETag")
        }
        // Not every server keeps checksums; those that do return them.
        let checksum = response.headers.first(name: "x-amz-checksum-sha256")
        return BucketPart(number: number, etag: etag, size: Int64(data.count), checksum: checksum)
    }

    package func completeUpload(_ upload: BucketUpload, _ parts: [BucketPart]) async throws {
        guard !parts.isEmpty else { throw BucketError.invalidPart }
        let lines = parts.map { part in
            let checksum = part.checksum.map { "<ChecksumSHA256>\($0)</ChecksumSHA256>" } ?? ""
            return
                "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(part.etag.escapedForXML)</ETag>\(checksum)</Part>"
        }
        let text = "<CompleteMultipartUpload>\(lines.joined())</CompleteMultipartUpload>"
        var request = S3Request("POST", full(upload.name), body: Data(text.utf8))
        request.query = [("uploadId", upload.id)]
        request.headers = [("content-type", "application/xml")]
        // S3 may report an error after the status 200 has been sent. The name of other answers differs between servers.
        _ = try await client.send(request).xml(nil)
    }

    package func abortUpload(_ upload: BucketUpload) async throws {
        var request = S3Request("DELETE", full(upload.name))
        request.query = [("uploadId", upload.id)]
        _ = try await client.send(request)
    }

    /// The uploads in progress below the prefix, at most a thousand.
    package func uploads() async throws -> [BucketUpload] {
        var request = S3Request("GET", "")
        request.query = [("uploads", ""), ("prefix", location.prefix)]
        let answer = try await client.send(request).xml("ListMultipartUploadsResult")
        return answer.all("Upload").compactMap { item in
            guard let name = item["Key"], let id = item["UploadId"], name.hasPrefix(location.prefix) else { return nil }
            return BucketUpload(name: String(name.dropFirst(location.prefix.count)), id: id)
        }
    }

    // MARK: URLs

    package func signedURL(_ name: String, for lifetime: Duration, as download: DownloadDescription) async throws
        -> URL
    {
        try client.signedURL(
            full(name), lifetime: lifetime,
            query: [
                ("response-content-type", download.mediaType),
                ("response-content-disposition", "inline; filename=\"\(download.filename)\""),
            ])
    }

    /// Creates the bucket; for tests and first set-up.
    package func create() async throws {
        _ = try await client.send(S3Request("PUT", ""))
    }
}
