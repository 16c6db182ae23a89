import Foundation

/// A file system of a few megabytes that a test can fill. Only root may mount one: `@Test(.enabled(if: SmallDisk.isAvailable, …))`.
package enum SmallDisk {
    package static let isAvailable: Bool = {
        guard geteuid() == 0 else { return false }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("probe-\(UUID().uuidString)")
        guard (try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)) != nil else {
            return false
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        guard run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.path) else { return false }
        return run("umount", folder.path)
    }()

    package struct NotMounted: Error {}

    package static func with<T: Sendable>(
        megabytes: Int, _ body: @Sendable (URL) async throws -> T
    ) async throws -> T {
        try await TemporaryFolder.with { parent in
            let folder = parent.appendingPathComponent("disk", isDirectory: true)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            guard run("mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", folder.path) else {
                throw NotMounted()
            }
            // Lazily: an open database must not keep the folder mounted.
            defer { _ = run("umount", "-l", folder.path) }
            return try await body(folder)
        }
    }

    /// Uses up all free space; remove the file to free it.
    package static func fill(_ folder: URL) throws -> URL {
        let file = folder.appendingPathComponent("filler")
        let descriptor = open(file.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw NotMounted() }
        defer { close(descriptor) }
        for size in [1 << 16, 1 << 12, 1] {
            let bytes = [UInt8](repeating: 1, count: size)
            while write(descriptor, bytes, size) == size {}
        }
        return file
    }

    private static func run(_ command: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
