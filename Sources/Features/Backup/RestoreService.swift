import Foundation
import Kernel
import Storage

/// Restores a backup into an empty database and an empty blob store.
package struct RestoreService: Sendable {
    private let url: DatabaseURL
    private let blobs: any BlobStore
    private let secretKey: URL

    /// - Parameter secretKey: where the signing key is stored, if the backup contains it.
    package init(database url: DatabaseURL, blobs: any BlobStore, secretKey: URL) {
        self.url = url
        self.blobs = blobs
        self.secretKey = secretKey
    }

    /// Verifies every file while copying it, and afterwards the rows and the audit chains.
    ///
    /// - Throws: `AppError` if something is not empty, or with the first fault. A fault among the files leaves both
    ///   empty.
    package func restore(from folder: URL) async throws -> BackupManifest {
        let manifest = try BackupManifest.read(from: folder)
        try await check(manifest)
        let files = FileCopy()
        defer { files.close() }
        for file in [manifest.database, manifest.blobList, manifest.secretKey].compactMap({ $0 }) {
            let found = try? await files.describe(file.name, in: folder)
            guard found == file else { throw Self.changed(file.name) }
        }
        var stored: [BlobKey] = []
        do {
            try await restoreBlobs(manifest, from: folder, files) { stored.append($0) }
        } catch {
            for key in stored { try? await blobs.delete(key) }
            throw error
        }
        try await DatabaseDump.restore(url, from: folder)
        if manifest.secretKey != nil {
            try FileManager.default.copyItem(
                at: folder.appendingPathComponent(BackupFolder.secretKey), to: secretKey)
        }
        try await Databases.using(url) { try await Self.checkRows(manifest, in: $0) }
        return manifest
    }

    private func check(_ manifest: BackupManifest) async throws {
        guard manifest.schema <= Migration.all.count else {
            throw AppError(
                .conflict, "The backup was made by a newer version of NeuroAI (\(manifest.version)). Use that version.")
        }
        guard manifest.database.name == DatabaseDump.name(for: url) else {
            throw AppError(.conflict, "The backup is of the other kind of database. Set DATABASE_URL to that kind.")
        }
        guard try await DatabaseDump.isEmpty(url) else {
            throw AppError(.conflict, "The database is not empty. Restore into a new one.")
        }
        for try await keys in blobs.pages(writtenBefore: .now.advanced(by: .seconds(3600))) where !keys.isEmpty {
            throw AppError(.conflict, "The file storage is not empty. Restore into a new one.")
        }
        if manifest.secretKey != nil, FileManager.default.fileExists(atPath: secretKey.path) {
            throw AppError(.conflict, "There is already a secret key in MEDIA_ROOT. Restore into a new folder.")
        }
    }

    private func restoreBlobs(
        _ manifest: BackupManifest, from folder: URL, _ files: FileCopy, tell: (BlobKey) -> Void
    ) async throws {
        let list = try String(contentsOf: folder.appendingPathComponent(BackupFolder.blobList), encoding: .utf8)
        let digests = FileCopy.digests(in: list)
        guard digests.count == manifest.blobCount else { throw Self.changed(BackupFolder.blobList) }
        for (key, sha256) in digests {
            let name = BackupFolder.name(of: key)
            let file = folder.appendingPathComponent(name)
            guard let size = try? FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int64 else {
                throw Self.changed(name)
            }
            guard try await files.restore(file, StagedBlob(key: key, size: size, sha256: sha256), to: blobs) else {
                throw Self.changed(name)
            }
            tell(key)
        }
    }

    private static func checkRows(_ manifest: BackupManifest, in database: any Database) async throws {
        let rows = try await database.read { try TableCount.all($0) }
        guard rows == manifest.rows else {
            let tables = Set(rows.keys).union(manifest.rows.keys).filter { rows[$0] != manifest.rows[$0] }
            throw AppError(
                .conflict, "The restored database has other rows in: \(tables.sorted().joined(separator: ", ")).")
        }
        // The backup may be from an earlier version.
        try await Migrator.migrate(database)
        if let fault = try await manifest.chainFaults(in: database).first {
            throw AppError(.conflict, "The restored audit trail is not valid. \(fault)")
        }
    }

    private static func changed(_ name: String) -> AppError {
        AppError(.conflict, "\(name) of the backup is missing or has changed. Use another backup.")
    }
}
