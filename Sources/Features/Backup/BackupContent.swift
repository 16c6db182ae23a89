import Kernel
import Storage

/// What a backup must know of the database's state at its moment.
struct BackupContent: Sendable {
    let schema: Int
    let rows: [String: Int]
    let heads: [AuditHead]
    let blobs: [StagedBlob]

    static func read(_ connection: any DatabaseConnection) throws -> BackupContent {
        let audit = AuditStore(connection)
        return BackupContent(
            schema: try Migrator.appliedCount(connection), rows: try TableCount.all(connection),
            heads: try audit.institutions().map { try audit.head($0) },
            blobs: try BlobRowStore(connection).all())
    }
}
