import ArgumentParser
import Features
import Foundation
import Kernel
import Storage

/// `neuroai backup`: writes or verifies a backup.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Back up the database and all stored files while the server runs.",
        discussion: """
            Needs pg_dump where the database is PostgreSQL. Settings, model packages and, without --include-secret-key, the secret key are not part \
            of it: see docs/operations.md. Exit code 65 if a stored file is missing or the backup does not verify.
            """)

    @Option(help: "A new or empty folder to write the backup to.") var to: String?
    @Option(help: "A folder with a backup: verify every digest and the audit trail.") var verify: String?
    @Flag(help: "Include MEDIA_ROOT/secret-key, which lets its holder sign in as any user.") var includeSecretKey =
        false

    func validate() throws {
        guard (to == nil) != (verify == nil) else { throw ValidationError("Use either --to or --verify.") }
    }

    func run() async throws {
        if let verify { return try await check(URL(fileURLWithPath: verify, isDirectory: true)) }
        let settings = try Settings.load()
        let key = SecretKey.file(settings)
        if includeSecretKey, !FileManager.default.fileExists(atPath: key.path) {
            throw ValidationError(
                "There is no MEDIA_ROOT/secret-key to include; SECRET_KEY is kept with your settings.")
        }
        let service = BackupService(
            database: settings.databaseURL, blobs: try settings.blobStore { _ in nil },
            secretKey: includeSecretKey ? key : nil, version: NeuroAI.version)
        let manifest = try await service.write(to: URL(fileURLWithPath: to ?? "", isDirectory: true))
        let size = ByteCount(manifest.blobBytes).size
        print("Backed up \(manifest.rows.values.reduce(0, +)) rows and \(manifest.blobCount) files (\(size)).")
        for key in manifest.missing { Terminal.complain("The stored file \(key) is missing or damaged.") }
        guard manifest.missing.isEmpty else { throw ExitCode(65) }
    }

    private func check(_ folder: URL) async throws {
        let faults = try await BackupCheck(folder).faults()
        for fault in faults { Terminal.complain(fault) }
        guard faults.isEmpty else { throw ExitCode(65) }
        print("The backup is valid.")
    }
}

/// `neuroai restore`: restores a backup.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Restore a backup into an empty database and an empty MEDIA_ROOT.",
        discussion: """
            Every file is verified while it is copied, and then the rows and the audit trail. Needs pg_restore where the database is PostgreSQL. \
            Exit code 65 if something is not empty or does not verify.
            """)

    @Option(help: "The folder with the backup.") var from: String

    func run() async throws {
        let settings = try Settings.load()
        let service = RestoreService(
            database: settings.databaseURL, blobs: try settings.blobStore { _ in nil },
            secretKey: SecretKey.file(settings))
        let manifest = try await service.restore(from: URL(fileURLWithPath: from, isDirectory: true))
        print(
            "Restored the backup of \(manifest.createdAt): \(manifest.rows.values.reduce(0, +)) rows and \(manifest.blobCount) files; the audit trail is valid."
        )
        if manifest.secretKey == nil {
            print("The backup has no secret key: set SECRET_KEY to the previous one, or all users must sign in again.")
        }
    }
}
