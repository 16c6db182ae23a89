import Basics
import Foundation

/// Stores blobs as files below a root folder: `ab/cd/<key>` once committed, `staging/<key>` or `partial/<key>.part`
/// before.
package final class DiskBlobStore: BlobStore {
    let root: URL
    private let staging: URL
    private let pool: ThreadPool<Void>
    private let partialFiles: DiskPartialBlobs

    package var partials: any PartialBlobs { partialFiles }

    private static let chunkBytes = 1 << 18

    /// Creates the folder if it does not exist.
    package init(root: URL, threads: Int = 4) throws {
        self.root = root.absoluteURL
        pool = ThreadPool(name: "blobs", threads: threads) {}
        let staging = self.root.appendingPathComponent(DiskKeyPage.staging, isDirectory: true)
        do {
            try FileManager.default.createDirectory(
                at: staging, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw BlobError.fileSystem(errno)
        }
        self.staging = staging
        partialFiles = try DiskPartialBlobs(
            root: self.root.appendingPathComponent("partial", isDirectory: true), threads: threads)
    }

    private func stagedURL(_ key: BlobKey) -> URL { staging.appendingPathComponent(key.string) }

    private func keptURL(_ key: BlobKey) -> URL {
        folders(of: key).last.map { $0.appendingPathComponent(key.string) } ?? stagedURL(key)
    }

    /// The two levels of subfolders that keep each folder small, outer level first.
    private func folders(of key: BlobKey) -> [URL] {
        let outer = root.appendingPathComponent(String(key.string.prefix(2)), isDirectory: true)
        return [outer, outer.appendingPathComponent(String(key.string.dropFirst(2).prefix(2)), isDirectory: true)]
    }

    package func stage(_ key: BlobKey, limit: Int64) async throws -> any BlobWriter {
        let url = stagedURL(key)
        return try await pool.run { [pool] in
            DiskBlobWriter(key: key, file: try StagingFile(url: url, limit: limit), pool: pool)
        }
    }

    package func commit(_ staged: StagedBlob) async throws {
        let folders = folders(of: staged.key)
        let sources = stagedURLs(staged.key)
        let target = keptURL(staged.key)
        try await pool.run { [root] in
            for folder in folders where mkdir(folder.path, 0o700) != 0 && errno != EEXIST {
                throw BlobError.fileSystem(errno)
            }
            for source in sources where rename(source.path, target.path) != 0 && errno != ENOENT {
                throw BlobError.fileSystem(errno)
            }
            // An earlier call may have moved the file and failed afterwards.
            guard access(target.path, F_OK) == 0 else { throw BlobError.missing }
            // The name is durable only after its parent folders have been synced, innermost first.
            for folder in folders.reversed() + [root] { try synchronise(folder) }
        }
    }

    /// The possible locations of an uncommitted file.
    private func stagedURLs(_ key: BlobKey) -> [URL] { [stagedURL(key), partialFiles.url(key)] }

    package func withFile<T: Sendable>(_ key: BlobKey, _ body: (URL) async throws -> T) async throws -> T {
        try await body(try await first(of: [keptURL(key)]))
    }

    package func withFile<T: Sendable>(_ staged: StagedBlob, _ body: (URL) async throws -> T) async throws -> T {
        try await body(try await first(of: stagedURLs(staged.key)))
    }

    /// The first of these files that exists.
    private func first(of urls: [URL]) async throws -> URL {
        try await pool.run {
            guard let url = urls.first(where: { access($0.path, R_OK) == 0 }) else { throw BlobError.missing }
            return url
        }
    }

    package func size(_ key: BlobKey) async throws -> Int64 {
        let path = keptURL(key).path
        return try await pool.run {
            var info = stat()
            guard stat(path, &info) == 0 else {
                throw errno == ENOENT ? BlobError.missing : BlobError.fileSystem(errno)
            }
            return Int64(info.st_size)
        }
    }

    package func read(_ key: BlobKey, range: Range<Int64>?) async throws -> AsyncThrowingStream<Data, any Error> {
        let url = keptURL(key)
        let reader = try await pool.run { try BlobReader(url: url, range: range) }
        return AsyncThrowingStream { [pool] in
            try await pool.run { try reader.next(atMost: Self.chunkBytes) }
        }
    }

    package func delete(_ key: BlobKey) async throws {
        for url in [keptURL(key)] + stagedURLs(key) { try await remove(url.path) }
    }

    /// Unlinks the file immediately and frees its blocks later: freeing a gigabyte takes the file system half a second,
    /// and the caller need not wait for it. Does nothing if the file does not exist.
    private func remove(_ path: String) async throws {
        let descriptor = try await pool.run {
            // An open descriptor keeps the blocks allocated after `unlink`.
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard unlink(path) == 0 || errno == ENOENT else {
                let fault = BlobError.fileSystem(errno)
                if descriptor >= 0 { close(descriptor) }
                throw fault
            }
            return descriptor
        }
        guard descriptor >= 0 else { return }
        Task { [pool] in try? await pool.run { _ = close(descriptor) } }
    }

    package func keys(writtenBefore time: Timestamp, after cursor: String?, limit: Int) async throws -> BlobKeyPage {
        try await pool.run { [root] in
            var page = DiskKeyPage(time: time, cursor: cursor ?? "", limit: limit)
            try page.addBlobs(of: root)
            return page.result
        }
    }
}

/// Syncs a file's contents, or a folder's entries, to disk.
func synchronise(_ url: URL) throws {
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw BlobError.fileSystem(errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw BlobError.fileSystem(errno) }
}
