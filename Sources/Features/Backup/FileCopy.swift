import Basics
import Crypto
import Foundation
import Kernel
import Storage

/// Reads, copies and digests whole files on threads of its own.
struct FileCopy: Sendable {
    private let pool = ThreadPool(name: "backup", threads: 2) {}

    private static let chunkBytes = 1 << 20

    func close() { pool.close() }

    /// Makes `target` the same as `source`: a second name of the same file where both are on one file system, since stored files
    /// never change, otherwise a copy.
    func link(_ source: URL, to target: URL) async throws {
        try await pool.run {
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            if Foundation.link(source.path, target.path) != 0 {
                try FileManager.default.copyItem(at: source, to: target)
            }
        }
    }

    /// Its size and SHA-256, after its bytes are on the disk.
    func describe(_ name: String, in folder: URL) async throws -> BackupManifest.File {
        try await pool.run {
            let file = try FileHandle(forReadingFrom: folder.appendingPathComponent(name))
            defer { try? file.close() }
            try file.synchronize()
            var hash = SHA256()
            var size: Int64 = 0
            while let chunk = try file.read(upToCount: Self.chunkBytes), !chunk.isEmpty {
                hash.update(data: chunk)
                size += Int64(chunk.count)
            }
            return BackupManifest.File(name: name, size: size, sha256: hash.finalize().hexadecimal)
        }
    }

    /// Stores a file of the backup under its key again.
    ///
    /// - Returns: false if its bytes are not those of `expected`; nothing is stored then.
    func restore(_ url: URL, _ expected: StagedBlob, to blobs: any BlobStore) async throws -> Bool {
        let file = try FileHandle(forReadingFrom: url)
        defer { try? file.close() }
        let writer = try await blobs.stage(expected.key, limit: expected.size)
        do {
            while let chunk = try await pool.run({ try file.read(upToCount: Self.chunkBytes) }), !chunk.isEmpty {
                try await writer.append(chunk)
            }
        } catch BlobError.tooLarge {
            await writer.abandon()
            return false
        }
        let staged = try await writer.finish()
        guard staged.sha256 == expected.sha256, staged.size == expected.size else {
            await blobs.discard(staged)
            return false
        }
        try await blobs.commit(staged)
        return true
    }

    /// The lines of the list of stored files.
    static func text(of blobs: [StagedBlob]) -> String {
        blobs.map { "\($0.sha256)  \(BackupFolder.name(of: $0.key))\n" }.joined()
    }

    /// The keys and digests of that list.
    static func digests(in text: String) -> [(key: BlobKey, sha256: String)] {
        text.split(separator: "\n").compactMap { line in
            guard let path = line.split(separator: " ").last, let name = path.split(separator: "/").last,
                let key = BlobKey(String(name))
            else { return nil }
            return (key, String(line.prefix(64)))
        }
    }
}
