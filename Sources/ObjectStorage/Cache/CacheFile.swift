import Basics
import Crypto
import Foundation
import Storage
import Synchronization

/// A download in progress: written, counted and hashed.
final class CacheFile: Sendable {
    private struct State {
        var descriptor: Int32
        var size: Int64 = 0
        var hash = SHA256()
    }

    private let state: Mutex<State>
    private let entries: CacheEntries
    private let pool: ThreadPool<Void>

    /// Creates the file.
    init(_ url: URL, entries: CacheEntries, pool: ThreadPool<Void>) throws {
        let descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BlobError.fileSystem(errno) }
        state = Mutex(State(descriptor: descriptor))
        self.entries = entries
        self.pool = pool
    }

    deinit {
        state.withLock { if $0.descriptor >= 0 { Foundation.close($0.descriptor) } }
    }

    /// Evicts entries to make room for a file of `size` bytes.
    func reserve(_ size: Int64) async throws {
        try await pool.run { [entries] in try entries.makeRoom(for: size) }
    }

    func append(_ data: Data) async throws {
        try await pool.run { [self] in
            try state.withLock { state in
                try data.withUnsafeBytes { try Self.write($0, to: state.descriptor) }
                state.hash.update(data: data)
                state.size += Int64(data.count)
            }
        }
    }

    /// The size in bytes and the SHA-256 in hexadecimal of everything written.
    var digest: (size: Int64, sha256: String) {
        state.withLock { ($0.size, $0.hash.finalize().hexadecimal) }
    }

    /// Syncs the file, since a name that survives a power failure must not name missing bytes.
    func close() throws {
        try state.withLock { state in
            defer {
                Foundation.close(state.descriptor)
                state.descriptor = -1
            }
            guard fdatasync(state.descriptor) == 0 else { throw BlobError.fileSystem(errno) }
        }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            guard written >= 0 || errno == EINTR else { throw BlobError.fileSystem(errno) }
            rest = rest.dropFirst(max(0, written))
        }
    }
}
