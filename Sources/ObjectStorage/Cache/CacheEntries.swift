import Foundation
import Storage

/// The entries of a cache. All calls block.
struct CacheEntries: Sendable {
    private let folder: URL
    private let lock: URL
    /// The size of all entries in bytes.
    private let limit: Int64

    init(root: URL, limit: Int64) throws {
        folder = root.appendingPathComponent("entries", isDirectory: true)
        lock = root.appendingPathComponent("lock")
        self.limit = limit
        try CacheProcess.makeFolder(folder)
    }

    private func url(_ key: BlobKey) -> URL { folder.appendingPathComponent(key.string) }

    /// Links an entry to `target` and records its use.
    ///
    /// - Returns: whether the entry exists.
    func link(_ key: BlobKey, to target: URL) throws -> Bool {
        guard Foundation.link(url(key).path, target.path) == 0 else {
            guard errno == ENOENT else { throw BlobError.fileSystem(errno) }
            return false
        }
        // The modification time is the time of the last use: access times are often not recorded.
        utimensat(AT_FDCWD, target.path, nil, 0)
        return true
    }

    /// Adds a complete, verified and synced file, and evicts others to make room. Does nothing if it is larger than the
    /// whole cache, or if all others are in use.
    func add(_ file: URL, as key: BlobKey) throws {
        let size = try Self.size(file)
        try withLock {
            guard try evict(toFit: size) else { return }
            guard Foundation.link(file.path, url(key).path) == 0 || errno == EEXIST else {
                throw BlobError.fileSystem(errno)
            }
        }
    }

    /// Evicts entries before a download, so that the disk need not hold both.
    func makeRoom(for size: Int64) throws {
        try withLock { _ = try evict(toFit: size) }
    }

    func remove(_ key: BlobKey) {
        unlink(url(key).path)
    }

    /// - Returns: whether `size` more bytes fit.
    private func evict(toFit size: Int64) throws -> Bool {
        guard size <= limit else { return false }
        var found = try list()
        var total = found.reduce(0) { $0 + $1.size }
        found.sort { $0.used < $1.used }
        // An entry with a further link is being read: deleting its name would not free its space.
        for entry in found where total > limit - size && entry.links == 1 {
            guard unlink(folder.appendingPathComponent(entry.name).path) == 0 || errno == ENOENT else {
                throw BlobError.fileSystem(errno)
            }
            total -= entry.size
        }
        return total <= limit - size
    }

    private struct Entry {
        let name: String
        let size: Int64
        let used: Timestamp
        let links: Int
    }

    private func list() throws -> [Entry] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
            throw BlobError.fileSystem(EIO)
        }
        return names.compactMap { name in
            var info = stat()
            guard stat(folder.appendingPathComponent(name).path, &info) == 0 else { return nil }
            let used = Int64(info.st_mtim.tv_sec) * 1_000_000 + Int64(info.st_mtim.tv_nsec) / 1000
            return Entry(
                name: name, size: Int64(info.st_size), used: Timestamp(microseconds: used), links: Int(info.st_nlink))
        }
    }

    private static func size(_ url: URL) throws -> Int64 {
        var info = stat()
        guard stat(url.path, &info) == 0 else { throw BlobError.fileSystem(errno) }
        return Int64(info.st_size)
    }

    /// Excludes other processes of this machine, and other threads.
    private func withLock<T>(_ body: () throws -> T) throws -> T {
        let descriptor = open(lock.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BlobError.fileSystem(errno) }
        // Closing releases the lock.
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw BlobError.fileSystem(errno) }
        }
        return try body()
    }
}
