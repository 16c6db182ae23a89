import Foundation
import Storage

/// The requests that a blob store needs of an object store, with the semantics of S3: an object exists completely or
/// not at all, is readable as soon as it has been written, and can't be renamed; lists may lag behind.
///
/// One call is one attempt: `BucketRequests` retries.
package protocol Bucket: Sendable {
    /// The time of the service, by which leases are measured on every machine.
    var now: Timestamp { get async }
    /// - Returns: the version of the object, for `BucketCondition.ifMatch`.
    func put(_ name: String, _ data: Data, _ condition: BucketCondition) async throws -> String
    /// - Parameter range: clamped to the object's size.
    func get(_ name: String, _ range: Range<Int64>?) async throws -> BucketObject
    /// The size of an object in bytes.
    func head(_ name: String) async throws -> Int64
    /// No error if it does not exist.
    func delete(_ name: String) async throws
    /// Names in ascending order that come after `cursor`.
    func list(_ prefix: String, after cursor: String?, limit: Int) async throws -> BucketListing
    func createUpload(_ name: String) async throws -> BucketUpload
    func uploadPart(_ number: Int, _ data: Data, of upload: BucketUpload) async throws -> BucketPart
    func completeUpload(_ upload: BucketUpload, _ parts: [BucketPart]) async throws
    func abortUpload(_ upload: BucketUpload) async throws
    /// A URL at which anybody can get the object until `lifetime` has passed.
    func signedURL(_ name: String, for lifetime: Duration, as download: DownloadDescription) async throws -> URL
}

extension Bucket {
    package func put(_ name: String, _ data: Data) async throws -> String { try await put(name, data, .none) }
    package func get(_ name: String) async throws -> BucketObject { try await get(name, nil) }
}

package struct BucketObject: Sendable {
    package let data: Data
    /// The version of the object, for `BucketCondition.ifMatch`.
    package let version: String

    package init(data: Data, version: String) {
        self.data = data
        self.version = version
    }
}

/// A multipart upload in progress.
package struct BucketUpload: Sendable, Codable, Equatable {
    /// The name of the object that it will become.
    package let name: String
    package let id: String

    package init(name: String, id: String) {
        self.name = name
        self.id = id
    }
}

/// A part of a multipart upload, as listed in the request that completes it.
package struct BucketPart: Sendable, Codable, Equatable {
    /// From 1 on.
    package let number: Int
    package let etag: String
    /// Size in bytes.
    package let size: Int64
    /// SHA-256 of the part in Base64, where the service keeps it.
    package let checksum: String?

    package init(number: Int, etag: String, size: Int64, checksum: String? = nil) {
        self.number = number
        self.etag = etag
        self.size = size
        self.checksum = checksum
    }
}

/// When an object may be written.
package enum BucketCondition: Sendable, Equatable {
    case none, ifAbsent
    /// Only in place of this version.
    case ifMatch(String)
}

/// A page of a list.
package struct BucketListing: Sendable {
    package struct Entry: Sendable {
        package let name: String
        /// Size in bytes.
        package let size: Int64
        package let modified: Timestamp

        package init(name: String, size: Int64, modified: Timestamp) {
            self.name = name
            self.size = size
            self.modified = modified
        }
    }

    package let entries: [Entry]
    /// The last name if there are more.
    package let next: String?

    package init(entries: [Entry], next: String?) {
        self.entries = entries
        self.next = next
    }
}

/// An error response of an object store, or the lack of a response. Carries no credentials, signatures or names.
package enum BucketError: Error, Equatable {
    case noSuchKey, noSuchUpload, preconditionFailed, entityTooSmall, invalidPart
    /// A temporary failure: the request had no effect.
    case unavailable(reason: String)
    /// The connection failed or timed out: the request may have taken effect.
    case noResponse(reason: String)
    /// The request will not succeed, for example because of missing permissions.
    case refused(reason: String)
}
