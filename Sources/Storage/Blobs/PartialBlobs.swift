import Foundation

/// Files that arrive in parts over hours. What has been acknowledged outlives the process, and a whole file becomes a staged blob
/// of the same key.
package protocol PartialBlobs: Sendable {
    /// Begins an empty file.
    func begin(_ key: BlobKey) async throws
    /// How many bytes are here for good.
    func size(_ key: BlobKey) async throws -> Int64
    /// Opens a file to write on from `offset`; nil where somebody else is writing it.
    ///
    /// - Throws: `BlobError.wrongOffset` where so many bytes are not here.
    func open(_ key: BlobKey, at offset: Int64, limit: Int64) async throws -> (any PartialBlobWriter)?
    /// The whole file as a staged blob. Until that has been committed the file can be completed again, as after a crash. The caller
    /// has it open, so that nobody adds to it.
    func complete(_ key: BlobKey) async throws -> StagedBlob
    /// Gives a file up, or forgets one whose blob has been committed.
    func remove(_ key: BlobKey) async
    /// At most `limit` files that were last written before `time`, from where the page before ended.
    func keys(writtenBefore time: Timestamp, after cursor: String?, limit: Int) async throws -> BlobKeyPage
}

extension PartialBlobs {
    /// All files that were last written before `time`, a page at a time.
    package func pages(writtenBefore time: Timestamp, limit: Int = BlobKeyPages.defaultLimit) -> BlobKeyPages {
        BlobKeyPages { try await keys(writtenBefore: time, after: $0, limit: limit) }
    }
}

/// Adds one request's bytes to a partial file, one call after the other; what has been flushed when it goes stays.
package protocol PartialBlobWriter: Sendable {
    /// - Throws: `BlobError.tooLarge` where the file would grow beyond its limit; nothing of `chunk` is then kept.
    func append(_ chunk: Data) async throws
    /// Puts what came where it outlives the process and answers the file's length, which may then be acknowledged.
    func flush() async throws -> Int64
    /// Forgets what this writer has added, also what it has flushed.
    func undo() async throws
    /// Lets others write; call it when nothing more is to come, also in a cancelled task.
    func release() async
}

extension PartialBlobWriter {
    /// Does what nobody may write meanwhile, and lets others write after it.
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
