import Foundation
import Kernel
import Storage

/// Writes a backup of a running installation: the database's state of one moment, and every stored file that it names.
package struct BackupService: Sendable {
    private let url: DatabaseURL
    private let blobs: any BlobStore
    private let secretKey: URL?
    private let version: String

    /// - Parameters:
    ///   - secretKey: the file with the signing key, if the backup shall contain it.
    ///   - version: the program's.
    package init(database url: DatabaseURL, blobs: any BlobStore, secretKey: URL?, version: String) {
        self.url = url
        self.blobs = blobs
        self.secretKey = secretKey
        self.version = version
    }

    /// - Parameter folder: new or empty.
    /// - Throws: `AppError` if the folder is in use or the schema is not this program's.
    package func write(to folder: URL, at now: Timestamp = .now) async throws -> BackupManifest {
        try Self.prepare(folder)
        let files = FileCopy()
        defer { files.close() }
        // Most files are copied before the database: what is deleted meanwhile is then still in the backup.
        let early = try await copy(try await present(), to: folder, files)
        let (name, content) = try await DatabaseDump.write(url, to: folder, reading: BackupContent.read)
        let named = Set(content.blobs.map(\.key))
        for key in early.subtracting(named) {
            try FileManager.default.removeItem(at: folder.appendingPathComponent(BackupFolder.name(of: key)))
        }
        let late = try await copy(content.blobs.filter { !early.contains($0.key) }, to: folder, files)
        let copied = content.blobs.filter { early.contains($0.key) || late.contains($0.key) }
        try Data(FileCopy.text(of: copied).utf8).write(to: folder.appendingPathComponent(BackupFolder.blobList))
        let manifest = BackupManifest(
            format: BackupManifest.currentFormat, version: version, createdAt: now, schema: content.schema,
            database: try await files.describe(name, in: folder),
            blobList: try await files.describe(BackupFolder.blobList, in: folder), blobCount: copied.count,
            blobBytes: copied.reduce(0) { $0 + $1.size }, secretKey: try await copyKey(to: folder, files),
            rows: content.rows,
            auditHeads: content.heads.map { .init(institution: $0.institution, sequence: $0.sequence, hash: $0.hash) },
            missing: named.subtracting(copied.map(\.key)).map(\.string).sorted())
        try manifest.write(to: folder)
        return manifest
    }

    private static func prepare(_ folder: URL) throws {
        if let present = try? FileManager.default.contentsOfDirectory(atPath: folder.path), !present.isEmpty {
            throw AppError(.conflict, "The backup folder is not empty. Choose a new one.")
        }
        // It holds patient data.
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// The files that rows name now.
    private func present() async throws -> [StagedBlob] {
        let database = try Databases.open(url, limits: DatabaseLimits(connections: 1))
        let rows: Result<[StagedBlob], any Error>
        do {
            guard try await Migrator.pending(database).isEmpty else {
                throw AppError(
                    .conflict, "The database's schema is behind. Back it up with the version that used it last.")
            }
            rows = .success(try await database.read { try BlobRowStore($0).all() })
        } catch {
            rows = .failure(error)
        }
        try await database.close()
        return try rows.get()
    }

    /// - Returns: those that were there with the right bytes.
    private func copy(_ wanted: [StagedBlob], to folder: URL, _ files: FileCopy) async throws -> Set<BlobKey> {
        var copied: Set<BlobKey> = []
        for blob in wanted {
            let name = BackupFolder.name(of: blob.key)
            let target = folder.appendingPathComponent(name)
            do {
                try await blobs.withFile(blob.key) { try await files.link($0, to: target) }
            } catch BlobError.missing {
                continue
            }
            let file = try await files.describe(name, in: folder)
            if file.sha256 == blob.sha256, file.size == blob.size {
                copied.insert(blob.key)
            } else {
                try FileManager.default.removeItem(at: target)
            }
        }
        return copied
    }

    private func copyKey(to folder: URL, _ files: FileCopy) async throws -> BackupManifest.File? {
        guard let secretKey else { return nil }
        let target = folder.appendingPathComponent(BackupFolder.secretKey)
        try FileManager.default.copyItem(at: secretKey, to: target)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: target.path)
        return try await files.describe(BackupFolder.secretKey, in: folder)
    }
}

extension BackupManifest {
    func write(to folder: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(self).write(to: folder.appendingPathComponent(BackupFolder.manifest), options: .atomic)
    }

    /// - Throws: `AppError` if there is no complete backup in the folder.
    static func read(from folder: URL) throws -> BackupManifest {
        let file = folder.appendingPathComponent(BackupFolder.manifest)
        guard let data = try? Data(contentsOf: file) else {
            throw AppError(.notFound, "The folder has no manifest.json: it is not a backup, or an incomplete one.")
        }
        guard let manifest = try? JSONDecoder().decode(BackupManifest.self, from: data),
            manifest.format == Self.currentFormat
        else { throw AppError(.validation, "manifest.json is not one of this version of NeuroAI.") }
        return manifest
    }
}
