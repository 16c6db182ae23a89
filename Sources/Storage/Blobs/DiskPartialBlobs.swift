import Basics
import Crypto
import Foundation

/// Partial files on the blob store's disk, as `<key>.part`.
///
/// The file's length is the upload offset, so that a killed process loses only unwritten bytes.
final class DiskPartialBlobs: PartialBlobs {
    private let root: URL
    private let pool: ThreadPool<Void>

    /// Creates the folder if it does not exist. It must be on the blob store's volume, since complete files are moved
    /// there.
    init(root: URL, threads: Int) throws {
        self.root = root
        pool = ThreadPool(name: "partials", threads: threads) {}
        do {
            try FileManager.default.createDirectory(
                at: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw BlobError.fileSystem(errno)
        }
    }

    private static let suffix = ".part"

    func url(_ key: BlobKey) -> URL { root.appendingPathComponent(key.string + Self.suffix) }

    func begin(_ key: BlobKey) async throws {
        let path = url(key).path
        try await pool.run {
            let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw BlobError.fileSystem(errno) }
            close(descriptor)
        }
    }

    func size(_ key: BlobKey) async throws -> Int64 {
        let path = url(key).path
        return try await pool.run {
            var info = stat()
            guard stat(path, &info) == 0 else {
                throw errno == ENOENT ? BlobError.missing : BlobError.fileSystem(errno)
            }
            return Int64(info.st_size)
        }
    }

    func open(_ key: BlobKey, at offset: Int64, limit: Int64) async throws -> (any PartialBlobWriter)? {
        let path = url(key).path
        return try await pool.run { [pool] in
            guard let file = try LockedFile(path: path) else { return nil }
            guard try file.size() == offset else { throw BlobError.wrongOffset }
            return DiskPartialBlobWriter(file: file, start: offset, limit: limit, pool: pool)
        }
    }

    func complete(_ key: BlobKey) async throws -> StagedBlob {
        let url = url(key)
        return try await pool.run {
            let reader = try BlobReader(url: url, range: nil)
            // After a crash, some of the bytes may not have been synced.
            try synchronise(url)
            var hash = SHA256()
            var size: Int64 = 0
            while let data = try reader.next(atMost: 1 << 20) {
                hash.update(data: data)
                size += Int64(data.count)
            }
            return StagedBlob(key: key, size: size, sha256: hash.finalize().hexadecimal)
        }
    }

    func remove(_ key: BlobKey) async {
        let path = url(key).path
        _ = try? await pool.run { unlink(path) }
    }

    func keys(writtenBefore time: Timestamp, after cursor: String?, limit: Int) async throws -> BlobKeyPage {
        try await pool.run { [root] in
            var page = DiskKeyPage(time: time, cursor: cursor ?? "", limit: limit)
            _ = try page.add(root, as: "") { name in
                name.hasSuffix(Self.suffix) ? BlobKey(String(name.dropLast(Self.suffix.count))) : nil
            }
            return page.result
        }
    }
}

/// Appends to one partial file on the store's thread pool. Written bytes remain after the writer is released.
private final class DiskPartialBlobWriter: PartialBlobWriter {
    private let file: LockedFile
    /// The file's length when the writer was opened.
    private let start: Int64
    private let limit: Int64
    private let pool: ThreadPool<Void>

    init(file: LockedFile, start: Int64, limit: Int64, pool: ThreadPool<Void>) {
        self.file = file
        self.start = start
        self.limit = limit
        self.pool = pool
    }

    func append(_ chunk: Data) async throws {
        try await pool.run { [file, limit] in try file.append(chunk, limit: limit) }
    }

    func flush() async throws -> Int64 {
        try await pool.run { [file] in
            try file.flush()
            return try file.size()
        }
    }

    func release() async {
        file.unlock()
    }

    func undo() async throws {
        try await pool.run { [file, start] in try file.cut(to: start) }
    }
}

/// A file opened with an exclusive lock across all processes of this machine. The lock is released on deinitialization
/// at the latest.
private final class LockedFile: Sendable {
    private let descriptor: Int32

    /// Returns `nil` if the file is already locked.
    init?(path: String) throws {
        let opened = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard opened >= 0 else { throw errno == ENOENT ? BlobError.missing : BlobError.fileSystem(errno) }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            close(opened)
            return nil
        }
        descriptor = opened
    }

    deinit {
        close(descriptor)
    }

    func unlock() {
        _ = flock(descriptor, LOCK_UN)
    }

    func size() throws -> Int64 {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw BlobError.fileSystem(errno) }
        return Int64(end)
    }

    func append(_ chunk: Data, limit: Int64) throws {
        guard Int64(chunk.count) <= limit - (try size()) else { throw BlobError.tooLarge(limit: limit) }
        try chunk.withUnsafeBytes { try StagingFile.write($0, to: descriptor) }
    }

    func flush() throws {
        guard fsync(descriptor) == 0 else { throw BlobError.fileSystem(errno) }
    }

    func cut(to size: Int64) throws {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw BlobError.fileSystem(errno) }
    }
}
