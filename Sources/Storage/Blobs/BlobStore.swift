import Foundation

/// Files that only grow and go: written once, read often, never changed. At home on disk; elsewhere an object store.
///
/// A file is staged, looked at, committed, and only then named by a row; what no row names is swept after a while. Nobody but the
/// store knows where the bytes are: who needs them as a file gets one for as long as a closure runs.
package protocol BlobStore: Sendable {
    /// Begins a file of at most `limit` bytes.
    func stage(limit: Int64) async throws -> any BlobWriter
    /// Keeps a staged file under its key; once this returns it survives a loss of power. Again for the same file it is no error, so
    /// that a caller without an answer may repeat it.
    func commit(_ staged: StagedBlob) async throws
    /// Calls `body` with a file of a committed blob's bytes, only to be read and only until `body` returns.
    func withFile<T: Sendable>(_ key: BlobKey, _ body: (URL) async throws -> T) async throws -> T
    /// The same for a staged file.
    func withFile<T: Sendable>(_ staged: StagedBlob, _ body: (URL) async throws -> T) async throws -> T
    /// The bytes in chunks, or those of `range` cut to the file's length.
    func read(_ key: BlobKey, range: Range<Int64>?) async throws -> AsyncThrowingStream<Data, any Error>
    /// How a client gets the bytes, or those of `range`: from us, or from where the store keeps them.
    func deliver(_ key: BlobKey, range: Range<Int64>?, as download: DownloadDescription) async throws -> BlobDelivery
    /// Removes a blob or a staged file; one that is not there is no error.
    func delete(_ key: BlobKey) async throws
    /// At most `limit` blobs and staged files that were last written before `time`, from where the page before ended. A file may
    /// show late, and one that has gone may still show.
    func keys(writtenBefore time: Timestamp, after cursor: String?, limit: Int) async throws -> BlobKeyPage
    /// Files that arrive in parts.
    var partials: any PartialBlobs { get }
}

/// Receives one file piece by piece; what is neither finished nor abandoned goes with the writer.
package protocol BlobWriter: Sendable {
    /// - Throws: `BlobError.tooLarge` as soon as the limit is passed.
    func append(_ chunk: Data) async throws
    /// Puts everything where it outlives the process.
    func finish() async throws -> StagedBlob
    func abandon() async
}

/// A file that is wholly received, but not yet kept.
package struct StagedBlob: Sendable {
    package let key: BlobKey
    /// Bytes.
    package let size: Int64
    /// Hexadecimal SHA-256 of the bytes.
    package let sha256: String

    package init(key: BlobKey, size: Int64, sha256: String) {
        self.key = key
        self.size = size
        self.sha256 = sha256
    }
}

/// What a client is told of a file that it downloads, from wherever.
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
    /// A signed address that is good for a short while. The client repeats its `Range` there.
    case redirect(URL)
}

extension BlobStore {
    /// Through us: the right choice wherever clients can't reach the store.
    package func deliver(
        _ key: BlobKey, range: Range<Int64>?, as download: DownloadDescription
    ) async throws -> BlobDelivery {
        .bytes(try await read(key, range: range))
    }

    /// Removes a staged file that nobody wants; what stays after a failure is swept.
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

    /// The same as `withFile` for several blobs, in their order.
    package func withFiles<T: Sendable>(_ keys: [BlobKey], _ body: ([URL]) async throws -> T) async throws -> T {
        try await withFiles(keys[...], [], body)
    }

    private func withFiles<T: Sendable>(
        _ keys: ArraySlice<BlobKey>, _ urls: [URL], _ body: ([URL]) async throws -> T
    ) async throws -> T {
        guard let key = keys.first else { return try await body(urls) }
        return try await withFile(key) { try await withFiles(keys.dropFirst(), urls + [$0], body) }
    }

    /// All blobs and staged files that were last written before `time`, a page at a time.
    package func pages(writtenBefore time: Timestamp, limit: Int = BlobKeyPages.defaultLimit) -> BlobKeyPages {
        BlobKeyPages { try await keys(writtenBefore: time, after: $0, limit: limit) }
    }
}

/// Why a file could not be stored or read.
package enum BlobError: Error, Equatable, CustomStringConvertible {
    /// More than the limit's bytes arrived.
    case tooLarge(limit: Int64)
    case missing
    /// A partial file does not end where its client goes on.
    case wrongOffset
    /// The writer has already been finished or abandoned.
    case closed
    /// The file system said no; the number is errno's.
    case fileSystem(Int32)

    package var description: String {
        switch self {
        case .tooLarge(let limit): "The file is larger than the \(limit) bytes allowed."
        case .missing: "The stored file does not exist."
        case .wrongOffset: "Offset mismatch: the data does not continue at the end of the file."
        case .closed: "The file has already been closed."
        case .fileSystem(let number): "The file system refused: \(String(cString: strerror(number)))."
        }
    }
}
