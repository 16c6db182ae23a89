import Kernel
import Storage

/// A report's PDF.
package struct PrintedReport: Sendable, Equatable {
    package let id: ID<PrintedReport>
    /// The report's revision and status as printed.
    package let revision: Int
    package let status: Report.Status
    package let blob: BlobKey
    /// Bytes.
    package let size: Int64
    package let sha256: String
    /// A full name.
    package let author: String
    package let createdAt: Timestamp
}

extension PrintedReport {
    init(_ row: SQLRow) throws {
        id = try row.get("id")
        revision = try row.get("revision")
        status = try row.get("status")
        blob = try row.get("blob_id")
        size = try row.get("size")
        sha256 = try row.get("sha256")
        author = "\(try row.get("first_name", as: String.self)) \(try row.get("last_name", as: String.self))".trimmed
        createdAt = try row.get("created_at")
    }
}
