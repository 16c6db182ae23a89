import Kernel
import Storage

/// The description of a backup, `manifest.json`; written last, so that a folder without one is incomplete.
package struct BackupManifest: Codable, Sendable, Equatable {
    package static let currentFormat = 1

    /// A file of the backup.
    package struct File: Codable, Sendable, Equatable {
        /// Relative to the backup's folder.
        package let name: String
        package let size: Int64
        package let sha256: String
    }

    /// The end of an institution's audit chain.
    package struct Head: Codable, Sendable, Equatable {
        package let institution: InstitutionID
        package let sequence: Int64
        package let hash: String
    }

    package let format: Int
    /// The version that wrote it.
    package let version: String
    package let createdAt: Timestamp
    /// The number of the schema's last migration.
    package let schema: Int
    package let database: File
    /// The digests of the stored files, as `sha256sum --check` reads them.
    package let blobList: File
    package let blobCount: Int
    package let blobBytes: Int64
    /// Only if it was asked for.
    package let secretKey: File?
    /// The number of rows of each table.
    package let rows: [String: Int]
    package let auditHeads: [Head]
    /// The keys of stored files that rows name but that were missing or damaged.
    package let missing: [String]
}

/// The layout of a backup's folder.
enum BackupFolder {
    static let manifest = "manifest.json"
    static let blobList = "blobs.sha256"
    static let secretKey = "secret-key"

    /// `blobs/ab/cd/<key>`
    static func name(of key: BlobKey) -> String {
        "blobs/\(key.string.prefix(2))/\(key.string.dropFirst(2).prefix(2))/\(key.string)"
    }
}
