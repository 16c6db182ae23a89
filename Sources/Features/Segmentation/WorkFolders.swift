import Basics
import Foundation
import Imaging
import Kernel
import Storage

/// The folders of runs' files until these are in the blob store.
package struct WorkFolders: Sendable {
    private let root: URL

    /// A run takes minutes; older folders were left by a dead worker.
    private static let stale: TimeInterval = 24 * 3600

    package init(root: URL) {
        self.root = root
    }

    /// A new folder that only this user can read.
    func make() throws -> URL {
        let folder = root.appendingPathComponent(UUID().uuidString.lowercased(), isDirectory: true)
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch  where DiskSpace.isExhausted(error) {
            throw BlobError.fileSystem(ENOSPC)
        } catch {
            throw JobFailure(.transient, "The worker has no room for its files; its operator must look at it.")
        }
        try reserve(in: folder)
        return folder
    }

    /// More than a study's masks need; with less, a run would compute for minutes and then fail.
    private static let leastBytes: Int64 = 64 << 20

    /// - Throws: `BlobError.fileSystem` if the disk has less space.
    private func reserve(in folder: URL) throws {
        let path = folder.appendingPathComponent("room").path
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BlobError.fileSystem(errno) }
        defer {
            close(descriptor)
            unlink(path)
        }
        let fault = posix_fallocate(descriptor, 0, off_t(Self.leastBytes))
        // Any other error means that the file system cannot reserve space.
        guard !DiskSpace.errorNumbers.contains(fault) else {
            remove(folder)
            throw BlobError.fileSystem(fault)
        }
    }

    func remove(_ folder: URL) {
        try? FileManager.default.removeItem(at: folder)
    }

    /// Removes folders of dead workers.
    package func sweep(now: Date = Date()) {
        let found = try? FileManager.default.contentsOfDirectory(
            at: root, includingPropertiesForKeys: [.contentModificationDateKey])
        for folder in found ?? [] where UUID(uuidString: folder.lastPathComponent) != nil {
            let values = try? folder.resourceValues(forKeys: [.contentModificationDateKey])
            if let time = values?.contentModificationDate, now.timeIntervalSince(time) > Self.stale { remove(folder) }
        }
    }
}
