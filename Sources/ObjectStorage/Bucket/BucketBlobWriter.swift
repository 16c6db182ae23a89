import Basics
import Crypto
import Foundation
import Storage

/// Writes a small file in one request and a large file in parts, of which a few are sent at once while the next one is
/// received and hashed.
actor BucketBlobWriter: BlobWriter {
    private let key: BlobKey
    private let requests: BucketRequests
    private let limit: Int64
    private let partBytes: Int
    private var size: Int64 = 0
    private var hash = SHA256()
    private var buffer = Data()
    private var upload: BucketUpload?
    private var sending: [Task<BucketPart, any Error>] = []
    private var parts: [BucketPart] = []
    private var isClosed = false

    /// The number of parts sent at once. Together with the one being filled they bound the memory.
    private static let concurrency = 4

    init(requests: BucketRequests, key: BlobKey, limit: Int64, partBytes: Int) {
        self.requests = requests
        self.key = key
        self.limit = min(limit, Int64(partBytes) * Int64(BucketBlobStore.mostParts))
        self.partBytes = partBytes
    }

    deinit {
        Self.end(upload, sending, requests)
    }

    func append(_ chunk: Data) async throws {
        guard !isClosed else { throw BlobError.closed }
        guard Int64(chunk.count) <= limit - size else { throw BlobError.tooLarge(limit: limit) }
        size += Int64(chunk.count)
        hash.update(data: chunk)
        var rest = chunk[...]
        while !rest.isEmpty {
            let piece = rest.prefix(partBytes - buffer.count)
            buffer.append(piece)
            rest = rest.dropFirst(piece.count)
            if buffer.count == partBytes { try await send() }
        }
    }

    /// Sends the buffer as a part.
    private func send() async throws {
        let upload = try await begun()
        if sending.count >= Self.concurrency { parts.append(try await sending.removeFirst().value) }
        let (number, data) = (parts.count + sending.count + 1, buffer)
        buffer = Data(capacity: partBytes)
        sending.append(
            Task { [requests] in try await requests.send { try await $0.uploadPart(number, data, of: upload) } })
    }

    private func begun() async throws -> BucketUpload {
        if let upload { return upload }
        let name = BucketBlobStore.name(key)
        let upload = try await requests.send { try await $0.createUpload(name) }
        self.upload = upload
        return upload
    }

    func finish() async throws -> StagedBlob {
        guard !isClosed else { throw BlobError.closed }
        if let upload {
            if !buffer.isEmpty { try await send() }
            while !sending.isEmpty { parts.append(try await sending.removeFirst().value) }
            let parts = parts
            try await requests.complete(upload, parts)
        } else {
            let (name, data) = (BucketBlobStore.name(key), buffer)
            _ = try await requests.send { try await $0.put(name, data) }
        }
        upload = nil
        isClosed = true
        return StagedBlob(key: key, size: size, sha256: hash.finalize().hexadecimal)
    }

    func abandon() async {
        isClosed = true
        await Self.end(upload, sending, requests)?.value
        upload = nil
        sending = []
    }

    /// Aborts the upload once no part is being sent, since a late part would outlive it. In a task of its own, because
    /// the caller's may have been cancelled.
    @discardableResult
    private static func end(
        _ upload: BucketUpload?, _ sending: [Task<BucketPart, any Error>], _ requests: BucketRequests
    ) -> Task<Void, Never>? {
        guard let upload else { return nil }
        for part in sending { part.cancel() }
        return Task {
            for part in sending { _ = await part.result }
            try? await requests.abort(upload)
        }
    }
}
