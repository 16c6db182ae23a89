import Foundation
import Storage

/// A bucket in memory with the manners of S3: parts of 5 MiB but the last, no rename, reads that see every write, lists that come in
/// pages and may lag behind, conditional writes, and requests that fail before or after they took effect.
package actor SimulatedBucket {
    /// What the service answers instead of a result.
    package enum Failure: Error, Equatable {
        case noSuchKey, noSuchUpload, preconditionFailed, entityTooSmall, invalidPart
        /// 503; nothing has happened.
        case slowDown
        /// The connection broke before the answer; the request took effect.
        case lostAnswer

        var isTransient: Bool { self == .slowDown || self == .lostAnswer }
    }

    package struct Object: Sendable {
        package let data: Data
        package let etag: String
        package let modified: Timestamp
    }

    /// One part of a multipart upload, as its completion names it.
    package struct Part: Sendable, Codable, Equatable {
        package let number: Int
        package let etag: String
        package let size: Int64
    }

    package enum Condition: Sendable {
        case none, ifAbsent
        case ifMatch(String)
    }

    /// A page of names with their times, and the last name where there are more.
    package struct Listing: Sendable {
        package let entries: [(name: String, modified: Timestamp)]
        package let next: String?
    }

    /// What goes wrong with the nth request.
    package typealias Faults = @Sendable (_ request: Int) -> Failure?

    private struct Upload {
        let name: String
        var parts: [Int: (data: Data, etag: String)] = [:]
    }

    /// A name as lists show it.
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
    /// How long lists lag behind writes.
    private let lag: Duration

    package init(lag: Duration = .zero, faults: @escaping Faults = { _ in nil }) {
        self.lag = lag
        self.faults = faults
    }

    // MARK: Time and contents

    package var now: Timestamp { Timestamp.now.advanced(by: offset) }

    package func advance(by duration: Duration) {
        offset += duration
    }

    /// Names of all objects, whatever lists show.
    package var names: [String] { objects.keys.sorted() }
    package var unfinishedUploads: Int { uploads.count }

    /// The rule of the bucket's life cycle that ends uploads nobody completes.
    package func expireUploads() {
        uploads = [:]
    }

    /// The bytes of an object as a client gets them by a signed address.
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

    /// - Parameter range: cut to the object.
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

    /// An object's size.
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

/// Sends requests again that failed for a moment, as clients of object stores must.
struct BucketRequests: Sendable {
    let bucket: SimulatedBucket

    private static let attempts = 5

    /// - Throws: `BlobError.missing` where there is no such object, `BlobError.fileSystem` where no attempt was answered.
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

    /// Completes a multipart upload; one that is gone was completed by an attempt whose answer was lost, or earlier.
    func complete(_ upload: String, _ parts: [SimulatedBucket.Part], as name: String) async throws {
        do {
            try await send { try await $0.completeUpload(upload, parts) }
        } catch SimulatedBucket.Failure.noSuchUpload {
            _ = try await send { try await $0.head(name) }
        }
    }

    /// One that is gone already is no error.
    func abort(_ upload: String) async throws {
        do { try await send { try await $0.abortUpload(upload) } } catch SimulatedBucket.Failure.noSuchUpload {}
    }
}
