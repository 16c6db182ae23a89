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

    /// Opens the database with the current schema, and the blob store.
    ///
    /// - Parameter migrates: whether an earlier schema is migrated rather than refused.
    static func open(_ settings: Settings, label: String, migrates: Bool = true) async throws -> Wiring {
        let log = try LogWriter.open(settings, label: label)
        let database = try settings.openDatabase()
        if migrates {
            try await Migrator.migrate(database)
        } else if try await !Migrator.pending(database).isEmpty {
            try await database.close()
            throw DatabaseError(
                .schema,
                "The database's schema is not the current one, and this command does not change it. Run `neuroai migrate`."
            )
        }
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
