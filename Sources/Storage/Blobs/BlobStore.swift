import Foundation

/// Names one stored file: a lower-case UUID of ours, so that a path is never made from a client's text.
package struct BlobKey: Hashable, Sendable, SQLConvertible, CustomStringConvertible {
    package let string: String

    package init() {
        string = UUID().uuidString.lowercased()
    }

    /// Nil where `text` is not a UUID.
    package init?(_ text: String) {
        guard let uuid = UUID(uuidString: text) else { return nil }
        string = uuid.uuidString.lowercased()
    }

    package var sqlValue: SQLValue { .text(string) }
    package init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        self.init(text)
    }

    package var description: String { string }
}

/// A file that is wholly received and on disk, but not yet kept.
package struct StagedBlob: Sendable {
    package let key: BlobKey
    /// Bytes.
    package let size: Int64
    /// Hexadecimal SHA-256 of the bytes.
    package let sha256: String
    /// Where it lies on this machine until it is committed or discarded.
    package let url: URL
}

/// Files that only grow and go: written once, read often, never changed. At home on disk; elsewhere an object store.
///
/// A file is staged, looked at, committed, and only then named by a row; what no row names is swept after a while.
package protocol BlobStore: Sendable {
    /// Begins a file of at most `limit` bytes.
    func stage(limit: Int64) async throws -> any BlobWriter
    /// Keeps a staged file under its key; once this returns it survives a loss of power.
    func commit(_ staged: StagedBlob) async throws
    /// Removes a staged file that nobody wants.
    func discard(_ staged: StagedBlob) async
    /// A file on this machine with the blob's bytes, only to be read.
    func localURL(_ key: BlobKey) async throws -> URL
    /// The bytes in chunks, or those of `range` cut to the file's length.
    func read(_ key: BlobKey, range: Range<Int64>?) async throws -> AsyncThrowingStream<Data, any Error>
    /// Removes a blob or a staged file; one that is not there is no error.
    func delete(_ key: BlobKey) async throws
    /// All blobs and staged files that were last written before `time`.
    func keys(writtenBefore time: Timestamp) async throws -> [BlobKey]
}

/// Receives one file piece by piece; what is neither finished nor abandoned goes with the writer.
package protocol BlobWriter: Sendable {
    /// - Throws: `BlobError.tooLarge` as soon as the limit is passed.
    func append(_ chunk: Data) async throws
    /// Flushes everything to disk.
    func finish() async throws -> StagedBlob
    func abandon() async
}

extension BlobStore {
    /// Stages and commits bytes that are already in memory.
    package func put(_ data: Data) async throws -> StagedBlob {
        let writer = try await stage(limit: Int64(data.count))
        try await writer.append(data)
        let staged = try await writer.finish()
        try await commit(staged)
        return staged
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
