import Foundation
import Kernel
import Storage

/// Verifies a backup without the installation that it came from.
package struct BackupCheck: Sendable {
    private let folder: URL

    package init(_ folder: URL) {
        self.folder = folder
    }

    /// - Returns: one sentence per fault; empty if the backup is complete and unchanged. The audit chain of a backup from
    ///   PostgreSQL is verified when it is restored.
    package func faults() async throws -> [String] {
        let manifest = try BackupManifest.read(from: folder)
        let files = FileCopy()
        defer { files.close() }
        var faults = manifest.missing.map { "The stored file \($0) was missing or damaged when the backup was made." }
        for file in [manifest.database, manifest.blobList, manifest.secretKey].compactMap({ $0 })
        where try await !isSame(file.name, file.sha256, files) {
            faults.append("\(file.name) is missing or has changed.")
        }
        let list = try? String(contentsOf: folder.appendingPathComponent(BackupFolder.blobList), encoding: .utf8)
        let digests = FileCopy.digests(in: list ?? "")
        if digests.count != manifest.blobCount {
            faults.append("\(BackupFolder.blobList) has \(digests.count) files instead of \(manifest.blobCount).")
        }
        for (key, sha256) in digests where try await !isSame(BackupFolder.name(of: key), sha256, files) {
            faults.append("\(BackupFolder.name(of: key)) is missing or has changed.")
        }
        // A damaged file may not even open.
        if faults.isEmpty { faults += try await chainFaults(manifest) }
        return faults
    }

    private func isSame(_ name: String, _ sha256: String, _ files: FileCopy) async throws -> Bool {
        guard FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path) else { return false }
        return try await files.describe(name, in: folder).sha256 == sha256
    }

    private func chainFaults(_ manifest: BackupManifest) async throws -> [String] {
        guard manifest.database.name == DatabaseDump.name(for: .sqlite(path: "")) else { return [] }
        // Opening the file itself would write beside it.
        let place = FileManager.default.temporaryDirectory
            .appendingPathComponent("neuroai-backup-\(UUID().uuidString)", isDirectory: true)
        try FileManager.default.createDirectory(
            at: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: place) }
        let url = DatabaseURL.sqlite(path: place.appendingPathComponent("database.sqlite3").path)
        try await DatabaseDump.restore(url, from: folder)
        return try await Databases.using(url) { try await manifest.chainFaults(in: $0) }
    }
}

extension BackupManifest {
    /// The faults of the audit chains in a restored database, and the heads that are missing.
    func chainFaults(in database: any Database) async throws -> [String] {
        var faults: [String] = []
        let recorded = auditHeads.filter { $0.sequence > 0 }
        let missing = try await AuditVerifyService(database: database)
            .verify(heads: Set(recorded.map(\.hash))) { verdict in
                faults += verdict.faults.map { "Audit trail of institution \(verdict.institution): \($0.description)" }
            }
        return faults + missing.sorted().map { AuditFault.headNotFound($0).description }
    }
}

extension Databases {
    /// Opens a database with one connection for `body` and closes it again.
    static func using<T: Sendable>(
        _ url: DatabaseURL, _ body: @Sendable (any Database) async throws -> T
    ) async throws -> T {
        let database = try open(url, limits: DatabaseLimits(connections: 1))
        do {
            let value = try await body(database)
            try await database.close()
            return value
        } catch {
            try? await database.close()
            throw error
        }
    }
}
