import Basics
import Foundation
import Storage
import Synchronization

/// Local copies of blobs, shared by all processes of this machine and bounded in size; the copies used longest ago are
/// evicted first.
///
/// - `entries/<key>` is a complete copy with the right digest: it is written elsewhere, synced and renamed.
/// - `processes/<id>/` belongs to one process, which holds a lock on it: downloads in progress, and hard links to the
///   entries that the process is reading, so that an evicted entry stays readable. After a crash the lock is free, and
///   the next process to open the cache deletes the folder.
/// - `lock` is held while an entry is added or evicted.
package final class BlobCache: Sendable {
    private let pool: ThreadPool<Void>
    private let entries: CacheEntries
    private let process: CacheProcess
    /// Downloads in progress, which other readers of the same blob wait for.
    private let downloads = Mutex<[BlobKey: Task<Void, Never>]>([:])

    /// - Parameters:
    ///   - root: created if it does not exist.
    ///   - limit: the size of all entries in bytes. Files being read are not counted.
    package init(root: URL, limit: Int64) throws {
        pool = ThreadPool(name: "blob-cache", threads: 4) {}
        entries = try CacheEntries(root: root, limit: limit)
        process = try CacheProcess(root: root)
    }

    /// A local file with the blob's bytes, from the cache if possible.
    ///
    /// - Parameter download: writes the blob to the file; its return value is whether the digest has been verified.
    ///   Only verified files are kept.
    func file(_ key: BlobKey, download: @Sendable (CacheFile) async throws -> Bool) async throws -> CachedFile {
        while true {
            if let file = try await existing(key) { return file }
            guard let running = downloads.withLock({ $0[key] }) else { break }
            await running.value
            // The other reader's download may have failed, or be too large to be kept.
            guard let file = try await existing(key) else { break }
            return file
        }
        let (isOver, announce) = AsyncStream<Never>.makeStream()
        let wait = Task { for await _ in isOver {} }
        let isFirst = downloads.withLock { running in
            guard running[key] == nil else { return false }
            running[key] = wait
            return true
        }
        defer {
            if isFirst { downloads.withLock { $0[key] = nil } }
            announce.finish()
        }
        return try await fetch(key, download)
    }

    /// Like `file`, but always downloads.
    func fetch(_ key: BlobKey, _ download: @Sendable (CacheFile) async throws -> Bool) async throws
        -> CachedFile
    {
        let lent = CachedFile(process.newFile())
        let file = try await pool.run { [pool, entries] in try CacheFile(lent.url, entries: entries, pool: pool) }
        let isVerified = try await download(file)
        try await pool.run { [entries] in
            try file.close()
            if isVerified { try entries.add(lent.url, as: key) }
        }
        return lent
    }

    /// A link to the entry, if there is one.
    private func existing(_ key: BlobKey) async throws -> CachedFile? {
        let lent = CachedFile(process.newFile())
        return try await pool.run { [entries] in try entries.link(key, to: lent.url) ? lent : nil }
    }

    /// Forgets a deleted blob. Processes that are reading it keep their file.
    func remove(_ key: BlobKey) async {
        _ = try? await pool.run { [entries] in entries.remove(key) }
    }
}

/// A file lent to one reader; deleted on release or deinitialization.
final class CachedFile: Sendable {
    let url: URL

    init(_ url: URL) {
        self.url = url
    }

    deinit {
        unlink(url.path)
    }
}
