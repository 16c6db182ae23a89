import Foundation

/// Resumable uploads, which may take hours. Acknowledged bytes outlive the process, and a complete file becomes a
/// staged blob with the same key.
package protocol PartialBlobs: Sendable {
    /// Creates an empty file.
    func begin(_ key: BlobKey) async throws
    /// The number of bytes stored durably.
    func size(_ key: BlobKey) async throws -> Int64
    /// Opens a file for appending at `offset`. Returns `nil` if another writer has it open.
    ///
    /// - Throws: `BlobError.wrongOffset` if `offset` is not the file's length.
    func open(_ key: BlobKey, at offset: Int64, limit: Int64) async throws -> (any PartialBlobWriter)?
    /// Turns the complete file into a staged blob. Until the blob is committed this can be repeated, for example after
    /// a crash. The caller must have the file open, so that nothing else is appended.
    func complete(_ key: BlobKey) async throws -> StagedBlob
    /// Deletes a file that was cancelled or whose blob has been committed.
    func remove(_ key: BlobKey) async
    /// Up to `limit` files last written before `time`, starting after `cursor`.
    func keys(writtenBefore time: Timestamp, after cursor: String?, limit: Int) async throws -> BlobKeyPage
}

extension PartialBlobs {
    /// All files last written before `time`, page by page.
    package func pages(writtenBefore time: Timestamp, limit: Int = BlobKeyPages.defaultLimit) -> BlobKeyPages {
        BlobKeyPages { try await keys(writtenBefore: time, after: $0, limit: limit) }
    }
}

/// Appends one request's bytes to a partial file. Calls must not overlap. Flushed bytes remain after the writer is
/// released.
package protocol PartialBlobWriter: Sendable {
    /// - Throws: `BlobError.tooLarge` if the file would exceed its limit; nothing of `chunk` is then written.
    func append(_ chunk: Data) async throws
    /// Makes the appended bytes durable and returns the file's length, which may then be acknowledged.
    func flush() async throws -> Int64
    /// Discards everything that this writer has appended, including flushed bytes.
    func undo() async throws
    /// Releases the file's lock. Call this when done, even in a cancelled task.
    func release() async
}

extension PartialBlobWriter {
    /// Runs `body` while the file is locked, then releases the lock.
    package func release<T: Sendable>(after body: () async throws -> T) async throws -> T {
        do {
            let value = try await body()
            await release()
            return value
        } catch {
            await release()
            throw error
        }
    }
}
