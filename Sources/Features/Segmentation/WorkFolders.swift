import Foundation

/// Where runs put their files until these are in the blob store.
package struct WorkFolders: Sendable {
    private let root: URL

    /// A run takes minutes; what is older was left by a worker that died.
    private static let stale: TimeInterval = 24 * 3600

    package init(root: URL) {
        self.root = root
    }

    /// A fresh folder that nobody else can read.
    func make() throws -> URL {
        let folder = root.appendingPathComponent(UUID().uuidString.lowercased(), isDirectory: true)
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw JobFailure(.transient, "The worker has no room for its files; its operator must look at it.")
        }
        return folder
    }

    func remove(_ folder: URL) {
        try? FileManager.default.removeItem(at: folder)
    }

    /// Removes what dead workers left behind.
    package func sweep(now: Date = Date()) {
        let found = try? FileManager.default.contentsOfDirectory(
            at: root, includingPropertiesForKeys: [.contentModificationDateKey])
        for folder in found ?? [] where UUID(uuidString: folder.lastPathComponent) != nil {
            let values = try? folder.resourceValues(forKeys: [.contentModificationDateKey])
            if let time = values?.contentModificationDate, now.timeIntervalSince(time) > Self.stale { remove(folder) }
        }
    }
}
