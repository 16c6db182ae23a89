import Basics
import Crypto
import Foundation

/// Files that arrive in parts over hours, on the disk beside the blobs; what has been written outlives the process.
///
/// A file's own length says how much of it is here, so that no kill loses more than what was not yet written.
package final class PartialFileStore: Sendable {
    private let root: URL
    private let pool: ThreadPool<Void>

    /// Creates the folder where it is missing. It must lie on the blob store's disk: a whole file is moved there.
    package init(root: URL, threads: Int = 4) throws {
        self.root = root.absoluteURL
        pool = ThreadPool(name: "partials", threads: threads) {}
        do {
            try FileManager.default.createDirectory(
                at: self.root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw BlobError.fileSystem(errno)
        }
    }

    /// - Parameter name: an id of ours, never a client's text.
    private func url(_ name: String) -> URL { root.appendingPathComponent("\(name).part") }

    /// Begins an empty file.
    package func create(_ name: String) async throws {
        let path = url(name).path
        try await pool.run {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw BlobError.fileSystem(errno) }
            close(descriptor)
        }
    }

    /// How many bytes are here.
    package func size(_ name: String) async throws -> Int64 {
        let path = url(name).path
        return try await pool.run {
            var info = stat()
            guard stat(path, &info) == 0 else {
                throw errno == ENOENT ? BlobError.missing : BlobError.fileSystem(errno)
            }
            return Int64(info.st_size)
        }
    }

    /// Opens a file to write on from `offset`; nil where somebody else is writing it.
    ///
    /// - Throws: `BlobError.wrongOffset` where so many bytes are not here.
    package func append(_ name: String, at offset: Int64, limit: Int64) async throws -> PartialFileWriter? {
        let path = url(name).path
        return try await pool.run { [pool] in
            guard let file = try LockedFile(path: path) else { return nil }
            guard try file.size() == offset else { throw BlobError.wrongOffset }
            return PartialFileWriter(file: file, start: offset, limit: limit, pool: pool)
        }
    }

    /// A whole file as the blob store takes it, with the digest of its bytes.
    package func staged(_ name: String) async throws -> StagedBlob {
        let url = url(name)
        return try await pool.run {
            let reader = try BlobReader(url: url, range: nil)
            var hash = SHA256()
            var size: Int64 = 0
            while let data = try reader.next(atMost: 1 << 20) {
                hash.update(data: data)
                size += Int64(data.count)
            }
            let digest = hash.finalize().hexadecimal
            return StagedBlob(key: BlobKey(), size: size, sha256: digest, url: url)
        }
    }

    package func remove(_ name: String) async {
        let path = url(name).path
        _ = try? await pool.run { unlink(path) }
    }

    /// Names of files that were last written before `time`.
    package func names(writtenBefore time: Timestamp) async throws -> [String] {
        try await pool.run { [root] in
            let key = URLResourceKey.contentModificationDateKey
            let files = try FileManager.default.contentsOfDirectory(at: root, includingPropertiesForKeys: [key])
            return files.filter { url in
                let written = try? url.resourceValues(forKeys: [key]).contentModificationDate
                return url.pathExtension == "part" && written.map { Timestamp($0) < time } == true
            }.map { $0.deletingPathExtension().lastPathComponent }
        }
    }
}

/// Adds one request's bytes to a partial file; what is here when it goes stays here.
package final class PartialFileWriter: Sendable {
    private let file: LockedFile
    /// The file's length before the first byte.
    private let start: Int64
    private let limit: Int64
    private let pool: ThreadPool<Void>

    fileprivate init(file: LockedFile, start: Int64, limit: Int64, pool: ThreadPool<Void>) {
        self.file = file
        self.start = start
        self.limit = limit
        self.pool = pool
    }

    /// - Throws: `BlobError.tooLarge` where the file would grow beyond its limit; nothing of `chunk` is then kept.
    package func append(_ chunk: Data) async throws {
        try await pool.run { [file, limit] in try file.append(chunk, limit: limit) }
    }

    /// Puts what has been written on disk and answers the file's length.
    package func flush() async throws -> Int64 {
        try await pool.run { [file] in
            try file.flush()
            return try file.size()
        }
    }

    /// Lets others write; call it when nothing more is to come.
    package func release() {
        file.unlock()
    }

    /// Forgets what this writer has added.
    package func undo() async throws {
        try await pool.run { [file, start] in try file.cut(to: start) }
    }
}

/// A file open for one writer among all processes of this machine; the lock goes with the value at the latest.
private final class LockedFile: Sendable {
    private let descriptor: Int32

    /// Nil where another has it.
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
