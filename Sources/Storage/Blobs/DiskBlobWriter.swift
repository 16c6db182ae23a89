import Basics
import Crypto
import Foundation
import Synchronization

/// Writes one staged file on the store's thread pool.
final class DiskBlobWriter: BlobWriter {
    private let key: BlobKey
    private let file: StagingFile
    private let pool: ThreadPool<Void>
    /// The latest write-back, which waits for earlier ones.
    private let writeBack = Mutex<Task<Void, Never>?>(nil)

    init(key: BlobKey, file: StagingFile, pool: ThreadPool<Void>) {
        self.key = key
        self.file = file
        self.pool = pool
    }

    /// Hashes beside writing: each takes about as long as the other.
    func append(_ chunk: Data) async throws {
        async let hashing: Void = pool.run { [file] in file.hash(chunk) }
        let isDue = try await pool.run { [file] in try file.write(chunk) }
        try await hashing
        if isDue { startWriteBack() }
    }

    /// Starts syncing received bytes while the rest is still arriving, so that the final sync is short.
    private func startWriteBack() {
        writeBack.withLock { task in
            task = Task { [pool, file, before = task] in
                await before?.value
                // Ignored here: if the disk fails, the final sync reports it.
                try? await pool.run { try file.writeBack() }
            }
        }
    }

    func finish() async throws -> StagedBlob {
        await writeBack.withLock { $0 }?.value
        return try await pool.run { [file, key] in
            let (size, digest) = try file.finish()
            return StagedBlob(key: key, size: size, sha256: digest.hexadecimal)
        }
    }

    func abandon() async {
        file.abandon()
    }
}

/// The open file behind a writer. If not finished, it deletes itself on deinitialization.
final class StagingFile: Sendable {
    private struct State {
        var descriptor: Int32
        var size: Int64 = 0
        /// The number of bytes written when the last write-back started.
        var started: Int64 = 0
    }

    let url: URL
    private let limit: Int64
    private let state: Mutex<State>
    private let digest = Mutex(SHA256())

    init(url: URL, limit: Int64) throws {
        let descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BlobError.fileSystem(errno) }
        self.url = url
        self.limit = limit
        state = Mutex(State(descriptor: descriptor))
    }

    deinit {
        abandon()
    }

    /// Adds a chunk to the digest of the file; in the order of `write`, which it may overlap.
    func hash(_ chunk: Data) {
        digest.withLock { $0.update(data: chunk) }
    }

    /// - Returns: whether enough bytes have been written since the last write-back to start another one.
    func write(_ chunk: Data) throws -> Bool {
        try state.withLock { state in
            guard state.descriptor >= 0 else { throw BlobError.closed }
            guard Int64(chunk.count) <= limit - state.size else { throw BlobError.tooLarge(limit: limit) }
            try chunk.withUnsafeBytes { try Self.write($0, to: state.descriptor) }
            state.size += Int64(chunk.count)
            guard state.size - state.started >= Self.writeBackBytes else { return false }
            state.started = state.size
            return true
        }
    }

    private static let writeBackBytes: Int64 = 64 << 20

    /// Syncs the appended bytes to disk without blocking further appends.
    func writeBack() throws {
        // A duplicate descriptor, since the file may be closed meanwhile.
        let descriptor = state.withLock { $0.descriptor < 0 ? -1 : dup($0.descriptor) }
        guard descriptor >= 0 else { throw BlobError.closed }
        defer { close(descriptor) }
        guard fdatasync(descriptor) == 0 else { throw BlobError.fileSystem(errno) }
    }

    func finish() throws -> (Int64, SHA256.Digest) {
        try state.withLock { state in
            guard state.descriptor >= 0 else { throw BlobError.closed }
            guard fsync(state.descriptor) == 0 else { throw BlobError.fileSystem(errno) }
            close(state.descriptor)
            state.descriptor = -1
            return (state.size, digest.withLock { $0.finalize() })
        }
    }

    func abandon() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            close(state.descriptor)
            state.descriptor = -1
            unlink(url.path)
        }
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if written < 0 {
                guard errno == EINTR else { throw BlobError.fileSystem(errno) }
                continue
            }
            rest = rest.dropFirst(written)
        }
    }
}

/// Reads a file's bytes sequentially. Closes the file on deinitialization.
final class BlobReader: Sendable {
    private let descriptor: Int32
    private let end: Int64
    private let position: Mutex<Int64>

    init(url: URL, range: Range<Int64>?) throws {
        let opened = open(url.path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw errno == ENOENT ? BlobError.missing : BlobError.fileSystem(errno) }
        descriptor = opened
        let size = Int64(lseek(opened, 0, SEEK_END))
        let wanted = (range ?? 0..<size).clamped(to: 0..<size)
        position = Mutex(wanted.lowerBound)
        end = wanted.upperBound
    }

    deinit {
        close(descriptor)
    }

    /// Returns `nil` at the end.
    func next(atMost count: Int) throws -> Data? {
        try position.withLock { position in
            guard position < end else { return nil }
            var data = Data(count: min(count, Int(end - position)))
            let length = data.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress, buffer.count, off_t(position))
            }
            guard length > 0 else { throw length == 0 ? BlobError.missing : BlobError.fileSystem(errno) }
            position += Int64(length)
            data.count = length
            return data
        }
    }
}
