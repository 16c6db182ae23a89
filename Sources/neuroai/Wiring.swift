import Foundation
import Kernel
import Logging
import Storage

/// The one place that sees everything: builds what the commands share from the settings.
struct Wiring: Sendable {
    let settings: Settings
    let database: any Database
    let blobs: any BlobStore
    let audit: AuditService
    let logger: Logger
    private let log: LogWriter

    var partials: any PartialBlobs { blobs.partials }

    /// Opens the database, brings it to the present schema, and opens the file store.
    static func open(_ settings: Settings, label: String) async throws -> Wiring {
        let log = try LogWriter.open(settings, label: label)
        let database = try Databases.open(settings.databaseURL)
        try await Migrator.migrate(database)
        return Wiring(
            settings: settings, database: database, blobs: try DiskBlobStore(root: settings.mediaRoot),
            audit: AuditService(database: database), logger: log.logger(settings, label: label), log: log)
    }

    /// Ends the database's connections and writes what is left of the log.
    func close() async throws {
        defer { log.flush() }
        try await database.close()
    }

    /// The same once `work` is over, whichever way it ends.
    func close(after work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch {
            try? await close()
            throw error
        }
        try await close()
    }

    /// Names of settings that nobody reads are most often misspelt ones.
    func warnOfUnknownSettings() {
        for unknown in SettingsSource.present().unknownNames {
            logger.warning("unknown setting", metadata: ["reason": "\(unknown.sentence)"])
        }
    }
}
