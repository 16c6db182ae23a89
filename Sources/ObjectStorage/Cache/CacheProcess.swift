import Foundation
import Storage

/// A process's own folder in a cache: locked as long as the process lives, deleted with the value or, after a crash, by
/// the next process.
final class CacheProcess: Sendable {
    private let folder: URL
    private let lock: Int32

    private static let lockName = "lock"

    init(root: URL) throws {
        let all = root.appendingPathComponent("processes", isDirectory: true)
        try Self.makeFolder(all)
        Self.removeDead(all)
        // Under another name until it is locked, so that no other process takes it for a dead one's.
        let id = UUID().uuidString
        let hidden = all.appendingPathComponent("." + id, isDirectory: true)
        try Self.makeFolder(hidden)
        let opened = open(hidden.appendingPathComponent(Self.lockName).path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0, flock(opened, LOCK_EX | LOCK_NB) == 0 else { throw BlobError.fileSystem(errno) }
        folder = all.appendingPathComponent(id, isDirectory: true)
        lock = opened
        guard rename(hidden.path, folder.path) == 0 else { throw BlobError.fileSystem(errno) }
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
        close(lock)
    }

    /// A name for a file that does not exist yet.
    func newFile() -> URL { folder.appendingPathComponent(UUID().uuidString) }

    /// Deletes the folders whose process has ended.
    private static func removeDead(_ all: URL) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: all.path)) ?? [] {
            let folder = all.appendingPathComponent(name, isDirectory: true)
            if name.hasPrefix(".") {
                removeUnfinished(folder)
                continue
            }
            let descriptor = open(folder.appendingPathComponent(lockName).path, O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else {
                // Another process is deleting it.
                try? FileManager.default.removeItem(at: folder)
                continue
            }
            defer { close(descriptor) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            try? FileManager.default.removeItem(at: folder)
        }
    }

    /// Deletes a folder whose process ended while it was created, which takes far less than an hour.
    private static func removeUnfinished(_ folder: URL) {
        var info = stat()
        guard stat(folder.path, &info) == 0, info.st_mtim.tv_sec < time(nil) - 3600 else { return }
        try? FileManager.default.removeItem(at: folder)
    }

    static func makeFolder(_ url: URL) throws {
        do {
            try FileManager.default.createDirectory(
                at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw BlobError.fileSystem(errno)
        }
    }
}
