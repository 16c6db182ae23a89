import Foundation
import Kernel
import Logging
import Storage

/// The composition root: creates what the commands share from the settings.
struct Wiring: Sendable {
    let settings: Settings
    let database: any Database
    let blobs: any BlobStore
    let audit: AuditService
    let logger: Logger
    private let log: LogWriter

    var partials: any PartialBlobs { blobs.partials }

    /// Opens the database, migrates it to the current schema, and opens the blob store.
    static func open(_ settings: Settings, label: String) async throws -> Wiring {
        let log = try LogWriter.open(settings, label: label)
        let database = try Databases.open(settings.databaseURL)
        try await Migrator.migrate(database)
        return Wiring(
            settings: settings, database: database,
            blobs: try settings.blobStore { try await database.recordedDigest(of: $0) },
            audit: AuditService(database: database), logger: log.logger(settings, label: label), log: log)
    }

    /// Closes the database and flushes the log.
    func close() async throws {
        defer { log.flush() }
        try await database.close()
    }

    /// Runs `work`, then closes everything, even if `work` throws.
    func close(after work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch {
            try? await close()
            throw error
        }
        try await close()
    }

    /// Unknown settings are usually misspelt ones.
    func warnOfUnknownSettings() {
        for unknown in SettingsSource.present().unknownNames {
            logger.warning("unknown setting", metadata: ["reason": "\(unknown.sentence)"])
        }
    }
}
