import Features
import Foundation
import Logging
import Storage

/// The one place that sees everything: builds what the commands share from the settings.
struct Wiring: Sendable {
    let settings: Settings
    let database: any Database
    let blobs: any BlobStore
    let audit: AuditService
    let logger: Logger

    /// Opens the database, brings it to the present schema, and opens the file store.
    static func open(_ settings: Settings, label: String) async throws -> Wiring {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = settings.logLevel
        let database = try Databases.open(settings.databaseURL)
        try await Migrator.migrate(database)
        return Wiring(
            settings: settings, database: database, blobs: try DiskBlobStore(root: settings.mediaRoot),
            audit: AuditService(database: database), logger: logger)
    }
}
