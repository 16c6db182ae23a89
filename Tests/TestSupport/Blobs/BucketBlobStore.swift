import Basics
import Crypto
import Foundation
import Storage

/// A blob store on a simulated bucket, written as for S3: nothing is on disk except the file that `withFile` provides.
///
/// An object exists completely or not at all, so a staged file already has its final name and `commit` only checks that
/// it exists.
package struct BucketBlobStore: BlobStore {
    private let requests: BucketRequests
    /// The folder of the files that `withFile` provides.
    private let folder: URL
    /// The prefix of signed URLs; `nil` if clients can't reach the bucket.
    private let address: String?

    package init(bucket: SimulatedBucket, folder: URL, address: String? = nil) {
        requests = BucketRequests(bucket: bucket)
        self.folder = folder
        self.address = address
    }

    package static func name(_ key: BlobKey) -> String { prefix + key.string }
    private static let prefix = "blobs/"
    static let partBytes = SimulatedBucket.leastPartBytes
    private static let chunkBytes: Int64 = 1 << 20

    package var partials: any PartialBlobs { BucketPartialBlobs(requests: requests) }

    package func stage(_ key: BlobKey, limit: Int64) async throws -> any BlobWriter {
        BucketBlobWriter(key: key, requests: requests, limit: limit)
    }

    package func commit(_ staged: StagedBlob) async throws {
        _ = try await size(staged.key)
    }

    private func size(_ key: BlobKey) async throws -> Int64 {
        try await requests.send { try await $0.head(Self.name(key)) }
    }

    package func withFile<T: Sendable>(_ key: BlobKey, _ body: (URL) async throws -> T) async throws -> T {
        let url = folder.appendingPathComponent(UUID().uuidString)
        // Also if the download fails halfway.
        defer { try? FileManager.default.removeItem(at: url) }
        try Data().write(to: url)
        let file = try FileHandle(forWritingTo: url)
        defer { try? file.close() }
        for try await chunk in try await read(key, range: nil) { try file.write(contentsOf: chunk) }
        return try await body(url)
    }

    package func withFile<T: Sendable>(_ staged: StagedBlob, _ body: (URL) async throws -> T) async throws -> T {
        try await withFile(staged.key, body)
    }

    package func read(_ key: BlobKey, range: Range<Int64>?) async throws -> AsyncThrowingStream<Data, any Error> {
        let size = try await size(key)
        let rest = Cursor((range ?? 0..<size).clamped(to: 0..<size))
        return AsyncThrowingStream {
            guard let range = await rest.next(atMost: Self.chunkBytes) else { return nil }
            return try await requests.send { try await $0.get(Self.name(key), range).data }
        }
    }

    package func deliver(
        _ key: BlobKey, range: Range<Int64>?, as download: DownloadDescription
    ) async throws -> BlobDelivery {
        guard let address else { return .bytes(try await read(key, range: range)) }
        var url = URLComponents(string: address + Self.name(key))
        url?.queryItems = [
            URLQueryItem(name: "response-content-type", value: download.mediaType),
            URLQueryItem(name: "response-content-disposition", value: "inline; filename=\"\(download.filename)\""),
            URLQueryItem(name: "X-Amz-Signature", value: String(repeating: "0", count: 64)),
        ]
        guard let url = url?.url else { throw BlobError.missing }
        return .redirect(url)
    }

    package func delete(_ key: BlobKey) async throws {
        try await requests.send { try await $0.delete(Self.name(key)) }
    }

    package func keys(writtenBefore time: Timestamp, after cursor: String?, limit: Int) async throws -> BlobKeyPage {
        let page = try await requests.send { try await $0.list(Self.prefix, after: cursor, limit: limit) }
        return BlobKeyPage(
            keys: page.entries.filter { $0.modified < time }.compactMap {
                BlobKey(String($0.name.dropFirst(Self.prefix.count)))
            }, next: page.next)
    }
}

/// The unread rest of an object.
private actor Cursor {
    private var rest: Range<Int64>

    init(_ rest: Range<Int64>) {
        self.rest = rest
    }

    func next(atMost count: Int64) -> Range<Int64>? {
        guard !rest.isEmpty else { return nil }
        let end = min(rest.upperBound, rest.lowerBound + count)
        defer { rest = end..<rest.upperBound }
        return rest.lowerBound..<end
    }
}

/// Writes a small file in one request and a large file in parts.
private actor BucketBlobWriter: BlobWriter {
    private let key: BlobKey
    private let requests: BucketRequests
    private let limit: Int64
    private var size: Int64 = 0
    private var hash = SHA256()
    private var buffer = Data()
    private var upload: String?
    private var parts: [SimulatedBucket.Part] = []
    private var isClosed = false

    init(key: BlobKey, requests: BucketRequests, limit: Int64) {
        self.key = key
        self.requests = requests
        self.limit = limit
    }

    deinit {
        guard let upload else { return }
        Task { [requests] in try? await requests.abort(upload) }
    }

    func append(_ chunk: Data) async throws {
        guard !isClosed else { throw BlobError.closed }
        guard Int64(chunk.count) <= limit - size else { throw BlobError.tooLarge(limit: limit) }
        size += Int64(chunk.count)
        hash.update(data: chunk)
        buffer += chunk
        while buffer.count >= BucketBlobStore.partBytes {
            try await send(Data(buffer.prefix(BucketBlobStore.partBytes)))
            buffer = Data(buffer.dropFirst(BucketBlobStore.partBytes))
        }
    }

    private func send(_ data: Data) async throws {
        let upload = try await begun()
        let number = parts.count + 1
        parts.append(try await requests.send { try await $0.uploadPart(upload, number, data) })
    }

    private func begun() async throws -> String {
        if let upload { return upload }
        let upload = try await requests.send { [key] in try await $0.createUpload(BucketBlobStore.name(key)) }
        self.upload = upload
        return upload
    }

    func finish() async throws -> StagedBlob {
        guard !isClosed else { throw BlobError.closed }
        let name = BucketBlobStore.name(key)
        if upload == nil {
            let data = buffer
            _ = try await requests.send { try await $0.put(name, data) }
        } else if !buffer.isEmpty {
            try await send(buffer)
        }
        if let upload { try await requests.complete(upload, parts, as: name) }
        upload = nil
        isClosed = true
        return StagedBlob(key: key, size: size, sha256: hash.finalize().hexadecimal)
    }

    func abandon() async {
        isClosed = true
        if let upload { try? await requests.abort(upload) }
        upload = nil
    }
}
