import Foundation
import Storage

/// An in-memory bucket with the semantics of S3: parts of at least 5 MiB except the last, no rename, read-after-write
/// consistency, paginated lists that may lag behind, conditional writes, and requests that fail before or after they
/// take effect.
package actor SimulatedBucket {
    /// An error response of the service.
    package enum Failure: Error, Equatable {
        case noSuchKey, noSuchUpload, preconditionFailed, entityTooSmall, invalidPart
        /// 503; the request had no effect.
        case slowDown
        /// The connection was lost before the response; the request took effect.
        case lostAnswer

        var isTransient: Bool { self == .slowDown || self == .lostAnswer }
    }

    package struct Object: Sendable {
        package let data: Data
        package let etag: String
        package let modified: Timestamp
    }

    /// A part of a multipart upload, as listed in the request that completes it.
    package struct Part: Sendable, Codable, Equatable {
        package let number: Int
        package let etag: String
        package let size: Int64
    }

    package enum Condition: Sendable {
        case none, ifAbsent
        case ifMatch(String)
    }

    /// A page of names with their times, and the last name if there are more.
    package struct Listing: Sendable {
        package let entries: [(name: String, modified: Timestamp)]
        package let next: String?
    }

    /// The failure of the nth request.
    package typealias Faults = @Sendable (_ request: Int) -> Failure?

    private struct Upload {
        let name: String
        var parts: [Int: (data: Data, etag: String)] = [:]
    }

    /// A name as returned by a list.
    private struct Listed {
        let from: Timestamp
        var until: Timestamp?
        var modified: Timestamp
    }

    package static let leastPartBytes = 5 << 20

    private var objects: [String: Object] = [:]
    private var uploads: [String: Upload] = [:]
    private var listed: [String: Listed] = [:]
    private var requests = 0
    private var etags = 0
    private var offset: Duration = .zero
    private let faults: Faults
    /// How far lists lag behind writes.
    private let lag: Duration

    package init(lag: Duration = .zero, faults: @escaping Faults = { _ in nil }) {
        self.lag = lag
        self.faults = faults
    }

    // MARK: Time and content

    package var now: Timestamp { Timestamp.now.advanced(by: offset) }

    package func advance(by duration: Duration) {
        offset += duration
    }

    /// The names of all objects, including those that lists do not return yet.
    package var names: [String] { objects.keys.sorted() }
    package var unfinishedUploads: Int { uploads.count }

    /// The bucket's lifecycle rule that aborts incomplete multipart uploads.
    package func expireUploads() {
        uploads = [:]
    }

    /// The bytes of an object, as a client gets them from a signed URL.
    package func contents(_ name: String) -> Data? { objects[name]?.data }

    // MARK: Requests

    private func request<T>(_ effect: () throws -> T) throws -> T {
        requests += 1
        let fault = faults(requests)
        if fault == .slowDown { throw Failure.slowDown }
        let value = try effect()
        if let fault { throw fault }
        return value
    }

    package func put(_ name: String, _ data: Data, _ condition: Condition = .none) throws -> String {
        try request {
            switch condition {
            case .none: break
            case .ifAbsent: guard objects[name] == nil else { throw Failure.preconditionFailed }
            case .ifMatch(let etag):
                guard let object = objects[name] else { throw Failure.noSuchKey }
                guard object.etag == etag else { throw Failure.preconditionFailed }
            }
            return write(name, data)
        }
    }

    /// - Parameter range: clamped to the object's size.
    package func get(_ name: String, _ range: Range<Int64>? = nil) throws -> Object {
        try request {
            guard let object = objects[name] else { throw Failure.noSuchKey }
            guard let range else { return object }
            let cut = range.clamped(to: 0..<Int64(object.data.count))
            return Object(
                data: object.data.subdata(in: Int(cut.lowerBound)..<Int(cut.upperBound)), etag: object.etag,
                modified: object.modified)
        }
    }

    /// The size of an object.
    package func head(_ name: String) throws -> Int64 {
        try request {
            guard let object = objects[name] else { throw Failure.noSuchKey }
            return Int64(object.data.count)
        }
    }

    package func delete(_ name: String) throws {
        try request {
            objects[name] = nil
            listed[name]?.until = now.advanced(by: lag)
        }
    }

    package func list(_ prefix: String, after cursor: String?, limit: Int) throws -> Listing {
        try request {
            let now = now
            let shown = listed.filter { name, entry in
                name.hasPrefix(prefix) && name > cursor ?? "" && entry.from <= now
                    && entry.until.map { now < $0 } ?? true
            }.sorted { $0.key < $1.key }
            let page = shown.prefix(min(limit, 1000)).map { (name: $0.key, modified: $0.value.modified) }
            return Listing(entries: page, next: page.count < shown.count ? page.last?.name : nil)
        }
    }

    package func createUpload(_ name: String) throws -> String {
        try request {
            let id = UUID().uuidString
            uploads[id] = Upload(name: name)
            return id
        }
    }

    package func uploadPart(_ upload: String, _ number: Int, _ data: Data) throws -> Part {
        try request {
            guard uploads[upload] != nil else { throw Failure.noSuchUpload }
            let etag = nextETag()
            uploads[upload]?.parts[number] = (data, etag)
            return Part(number: number, etag: etag, size: Int64(data.count))
        }
    }

    package func completeUpload(_ id: String, _ parts: [Part]) throws {
        try request {
            guard let upload = uploads[id] else { throw Failure.noSuchUpload }
            var whole = Data()
            for (place, part) in parts.enumerated() {
                guard let found = upload.parts[part.number], found.etag == part.etag, part.number == place + 1 else {
                    throw Failure.invalidPart
                }
                guard place == parts.count - 1 || found.data.count >= Self.leastPartBytes else {
                    throw Failure.entityTooSmall
                }
                whole += found.data
            }
            guard !parts.isEmpty else { throw Failure.invalidPart }
            uploads[id] = nil
            _ = write(upload.name, whole)
        }
    }

    package func abortUpload(_ id: String) throws {
        try request {
            guard uploads.removeValue(forKey: id) != nil else { throw Failure.noSuchUpload }
        }
    }

    // MARK: Parts

    private func write(_ name: String, _ data: Data) -> String {
        let etag = nextETag()
        objects[name] = Object(data: data, etag: etag, modified: now)
        if let entry = listed[name], entry.until == nil {
            listed[name] = Listed(from: entry.from, modified: now)
        } else {
            listed[name] = Listed(from: now.advanced(by: lag), modified: now)
        }
        return etag
    }

    private func nextETag() -> String {
        etags += 1
        return "\"\(etags)\""
    }
}

/// Retries transient failures, as clients of object stores must.
struct BucketRequests: Sendable {
    let bucket: SimulatedBucket

    private static let attempts = 5

    /// - Throws: `BlobError.missing` if the object does not exist, `BlobError.fileSystem` if no attempt got a response.
    func send<T: Sendable>(_ request: (SimulatedBucket) async throws -> T) async throws -> T {
        for _ in 1...Self.attempts {
            do {
                return try await request(bucket)
            } catch let failure as SimulatedBucket.Failure where failure.isTransient {
                continue
            } catch SimulatedBucket.Failure.noSuchKey {
                throw BlobError.missing
            }
        }
        throw BlobError.fileSystem(EIO)
    }

    /// Completes a multipart upload; if it no longer exists, an attempt whose response was lost, or an earlier call,
    /// completed it.
    func complete(_ upload: String, _ parts: [SimulatedBucket.Part], as name: String) async throws {
        do {
            try await send { try await $0.completeUpload(upload, parts) }
        } catch SimulatedBucket.Failure.noSuchUpload {
            _ = try await send { try await $0.head(name) }
        }
    }

    /// Not an error if it no longer exists.
    func abort(_ upload: String) async throws {
        do { try await send { try await $0.abortUpload(upload) } } catch SimulatedBucket.Failure.noSuchUpload {}
    }
}
