import Foundation

/// Immutable files: written once, read often, then deleted. Stored on disk by default, or in an object store.
///
/// A file is staged, inspected, committed, and only then referenced by a database row; unreferenced files are swept
/// later. Only the store knows where the bytes are: callers that need a local file get one for the duration of a
/// closure.
package protocol BlobStore: Sendable {
    /// Starts a file of at most `limit` bytes under a key that no file has.
    func stage(_ key: BlobKey, limit: Int64) async throws -> any BlobWriter
    /// Stores a staged file permanently under its key; when this returns, the file survives a power failure.
    /// Idempotent, so that callers can retry if they got no response.
    func commit(_ staged: StagedBlob) async throws
    /// Calls `body` with a local, read-only file that holds the bytes of a committed blob. It is valid until `body`
    /// returns.
    func withFile<T: Sendable>(_ key: BlobKey, _ body: (URL) async throws -> T) async throws -> T
    /// Calls `body` with a local, read-only file that holds the bytes of a staged file. It is valid until `body`
    /// returns.
    func withFile<T: Sendable>(_ staged: StagedBlob, _ body: (URL) async throws -> T) async throws -> T
    /// The size of a committed blob in bytes.
    func size(_ key: BlobKey) async throws -> Int64
    /// The bytes in chunks. `range` is clamped to the file's length.
    func read(_ key: BlobKey, range: Range<Int64>?) async throws -> AsyncThrowingStream<Data, any Error>
    /// How a client gets the bytes, or those in `range`: from this server or directly from the store.
    func deliver(_ key: BlobKey, range: Range<Int64>?, as download: DownloadDescription) async throws -> BlobDelivery
    /// Deletes a blob or a staged file. Does nothing if it does not exist.
    func delete(_ key: BlobKey) async throws
    /// Up to `limit` blobs and staged files last written before `time`, starting after `cursor`. The listing may be
    /// eventually consistent: new files can be missing and deleted ones still listed.
    func keys(writtenBefore time: Timestamp, after cursor: String?, limit: Int) async throws -> BlobKeyPage
    /// Resumable uploads in progress.
    var partials: any PartialBlobs { get }
}

/// Writes one file chunk by chunk. A file that is neither finished nor abandoned is deleted with the writer.
package protocol BlobWriter: Sendable {
    /// - Throws: `BlobError.tooLarge` as soon as the limit is exceeded.
    func append(_ chunk: Data) async throws
    /// Makes all bytes durable.
    func finish() async throws -> StagedBlob
    func abandon() async
}

/// A file that has been received completely but not committed.
package struct StagedBlob: Sendable {
    package let key: BlobKey
    /// Size in bytes.
    package let size: Int64
    /// SHA-256 of the bytes, in hexadecimal.
    package let sha256: String

    package init(key: BlobKey, size: Int64, sha256: String) {
        self.key = key
        self.size = size
        self.sha256 = sha256
    }
}

/// The headers that describe a download, regardless of where it is served from.
package struct DownloadDescription: Sendable, Equatable {
    package let filename: String
    package let mediaType: String

    package init(filename: String, mediaType: String) {
        self.filename = filename
        self.mediaType = mediaType
    }
}

/// How a client gets a blob's bytes.
package enum BlobDelivery: Sendable {
    case bytes(AsyncThrowingStream<Data, any Error>)
    /// A short-lived signed URL. The client sends its `Range` header to it again.
    case redirect(URL)
}

extension BlobStore {
    /// Starts a file of at most `limit` bytes under a new key.
    package func stage(limit: Int64) async throws -> any BlobWriter {
        try await stage(BlobKey(), limit: limit)
    }

    /// Serves the bytes through this server. This is the right choice if clients can't reach the store.
    package func deliver(
        _ key: BlobKey, range: Range<Int64>?, as download: DownloadDescription
    ) async throws -> BlobDelivery {
        .bytes(try await read(key, range: range))
    }

    /// Deletes a staged file that is no longer needed. If that fails, the sweep deletes it later.
    package func discard(_ staged: StagedBlob) async {
        try? await delete(staged.key)
    }

    /// Stages and commits bytes that are already in memory.
    package func put(_ data: Data) async throws -> StagedBlob {
        let writer = try await stage(limit: Int64(data.count))
        try await writer.append(data)
        let staged = try await writer.finish()
        try await commit(staged)
        return staged
    }

    /// Like `withFile`, for several blobs; the URLs are in the order of `keys`.
    package func withFiles<T: Sendable>(_ keys: [BlobKey], _ body: ([URL]) async throws -> T) async throws -> T {
        try await withFiles(keys[...], [], body)
    }

    private func withFiles<T: Sendable>(
        _ keys: ArraySlice<BlobKey>, _ urls: [URL], _ body: ([URL]) async throws -> T
    ) async throws -> T {
        guard let key = keys.first else { return try await body(urls) }
        return try await withFile(key) { try await withFiles(keys.dropFirst(), urls + [$0], body) }
    }

    /// All blobs and staged files last written before `time`, page by page.
    package func pages(writtenBefore time: Timestamp, limit: Int = BlobKeyPages.defaultLimit) -> BlobKeyPages {
        BlobKeyPages { try await keys(writtenBefore: time, after: $0, limit: limit) }
    }
}

/// An error in storing or reading a file.
package enum BlobError: Error, Equatable, CustomStringConvertible {
    /// More bytes were received than the limit allows.
    case tooLarge(limit: Int64)
    case missing
    /// The client's offset is not the end of the partial file.
    case wrongOffset
    /// The writer has already been finished or abandoned.
    case closed
    /// A file-system error, with its `errno`.
    case fileSystem(Int32)
    /// The stored bytes are not those that were recorded.
    case digestMismatch
    /// The object store did not answer, even after retries; `reason` is loggable.
    case unavailable(reason: String)
    /// The object store refused a request for good; `reason` is loggable.
    case refused(reason: String)

    package var description: String {
        switch self {
        case .tooLarge(let limit): "The file is larger than the \(limit) bytes allowed."
        case .missing: "The stored file does not exist."
        case .wrongOffset: "Offset mismatch: the data does not continue at the end of the file."
        case .closed: "The file has already been closed."
        case .digestMismatch: "The stored file is damaged: its SHA-256 differs from the recorded one."
        case .unavailable(let reason): "The object store is unavailable: \(reason)."
        case .refused(let reason): "The object store refused the request: \(reason)."
        case .fileSystem(let number): "The file system refused: \(String(cString: strerror(number)))."
        }
    }
}
