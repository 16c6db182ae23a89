import Foundation
import ObjectStorage
import Storage

/// A bucket of a test.
package protocol TestBucket: Bucket {
    /// Moves the service's clock, so that lists catch up and leases expire.
    func advance(by duration: Duration) async
    /// The names of all objects, including those that lists do not return yet.
    var names: [String] { get async throws }
    /// The number of multipart uploads in progress.
    var unfinishedUploads: Int { get async throws }
}

/// An in-memory bucket with the semantics of S3: parts of at least 5 MiB except the last, no rename, read-after-write
/// consistency, paginated lists that may lag behind, conditional writes, and requests that fail before or after they
/// take effect.
package actor SimulatedBucket: TestBucket {
    /// A planted failure of a request.
    package enum Failure: Sendable {
        /// 503; the request had no effect.
        case slowDown
        /// The connection was lost before the response; the request took effect.
        case lostAnswer

        var error: BucketError {
            switch self {
            case .slowDown: .unavailable(reason: "SlowDown")
            case .lostAnswer: .noResponse(reason: "the connection was lost")
            }
        }
    }

    private struct Object {
        let data: Data
        let etag: String
        let modified: Timestamp
    }

    /// The failure of the nth request, after so many failures in succession for the same name.
    package typealias Faults = @Sendable (_ request: Int, _ failures: Int) -> Failure?

    private struct Upload {
        var parts: [Int: (data: Data, etag: String)] = [:]
    }

    /// A name as returned by a list.
    private struct Listed {
        let from: Timestamp
        var until: Timestamp?
        var modified: Timestamp
        var size: Int64
    }

    private var objects: [String: Object] = [:]
    private var uploads: [String: Upload] = [:]
    private var listed: [String: Listed] = [:]
    package private(set) var requests = 0
    private var etags = 0
    private var offset: Duration = .zero
    private let faults: Faults
    /// Failures in succession by name.
    private var failures: [String: Int] = [:]
    /// How far lists lag behind writes.
    private let lag: Duration

    package init(lag: Duration = .zero, faults: @escaping Faults = { _, _ in nil }) {
        self.lag = lag
        self.faults = faults
    }

    // MARK: Time and content

    package var now: Timestamp { Timestamp.now.advanced(by: offset) }

    package func advance(by duration: Duration) {
        offset += duration
    }

    package var names: [String] { objects.keys.sorted() }
    package var unfinishedUploads: Int { uploads.count }

    /// The bucket's lifecycle rule that aborts incomplete multipart uploads.
    package func expireUploads() {
        uploads = [:]
    }

    /// The bytes of an object, as a client gets them from a signed URL.
    package func contents(_ name: String) -> Data? { objects[name]?.data }

    // MARK: Requests

    private func request<T>(_ name: String, _ effect: () throws -> T) throws -> T {
        requests += 1
        let before = failures[name, default: 0]
        let fault = faults(requests, before)
        failures[name] = fault == nil ? 0 : before + 1
        if let fault, fault == .slowDown { throw fault.error }
        let value = try effect()
        if let fault { throw fault.error }
        return value
    }

    package func put(_ name: String, _ data: Data, _ condition: BucketCondition) throws -> String {
        try request(name) {
            switch condition {
            case .none: break
            case .ifAbsent: guard objects[name] == nil else { throw BucketError.preconditionFailed }
            case .ifMatch(let etag):
                guard let object = objects[name] else { throw BucketError.noSuchKey }
                guard object.etag == etag else { throw BucketError.preconditionFailed }
            }
            return write(name, data)
        }
    }

    package func get(_ name: String, _ range: Range<Int64>?) throws -> BucketObject {
        try request(name) {
            guard let object = objects[name] else { throw BucketError.noSuchKey }
            let whole = 0..<Int64(object.data.count)
            let cut = (range ?? whole).clamped(to: whole)
            return BucketObject(
                data: object.data.subdata(in: Int(cut.lowerBound)..<Int(cut.upperBound)), version: object.etag)
        }
    }

    package func head(_ name: String) throws -> Int64 {
        try request(name) {
            guard let object = objects[name] else { throw BucketError.noSuchKey }
            return Int64(object.data.count)
        }
    }

    package func delete(_ name: String) throws {
        try request(name) {
            objects[name] = nil
            listed[name]?.until = now.advanced(by: lag)
        }
    }

    package func list(_ prefix: String, after cursor: String?, limit: Int) throws -> BucketListing {
        try request(prefix) {
            let now = now
            let shown = listed.filter { name, entry in
                name.hasPrefix(prefix) && name > cursor ?? "" && entry.from <= now
                    && entry.until.map { now < $0 } ?? true
            }.sorted { $0.key < $1.key }
            let page = shown.prefix(min(limit, 1000)).map {
                BucketListing.Entry(name: $0.key, size: $0.value.size, modified: $0.value.modified)
            }
            return BucketListing(entries: page, next: page.count < shown.count ? page.last?.name : nil)
        }
    }

    package func createUpload(_ name: String) throws -> BucketUpload {
        try request(name) {
            let id = UUID().uuidString
            uploads[id] = Upload()
            return BucketUpload(name: name, id: id)
        }
    }

    package func uploadPart(_ number: Int, _ data: Data, of upload: BucketUpload) throws -> BucketPart {
        try request(upload.name) {
            guard uploads[upload.id] != nil else { throw BucketError.noSuchUpload }
            let etag = nextETag()
            uploads[upload.id]?.parts[number] = (data, etag)
            return BucketPart(number: number, etag: etag, size: Int64(data.count))
        }
    }

    package func completeUpload(_ upload: BucketUpload, _ parts: [BucketPart]) throws {
        try request(upload.name) {
            guard let sent = uploads[upload.id]?.parts else { throw BucketError.noSuchUpload }
            var whole = Data()
            for (place, part) in parts.enumerated() {
                guard let found = sent[part.number], found.etag == part.etag, part.number == place + 1 else {
                    throw BucketError.invalidPart
                }
                guard place == parts.count - 1 || found.data.count >= BucketBlobStore.leastPartBytes else {
                    throw BucketError.entityTooSmall
                }
                whole += found.data
            }
            guard !parts.isEmpty else { throw BucketError.invalidPart }
            uploads[upload.id] = nil
            _ = write(upload.name, whole)
        }
    }

    package func abortUpload(_ upload: BucketUpload) throws {
        try request(upload.name) {
            guard uploads.removeValue(forKey: upload.id) != nil else { throw BucketError.noSuchUpload }
        }
    }

    package func signedURL(_ name: String, for lifetime: Duration, as download: DownloadDescription) throws -> URL {
        var url = URLComponents(string: "https://bucket.example/" + name)
        url?.queryItems = [
            URLQueryItem(name: "response-content-type", value: download.mediaType),
            URLQueryItem(name: "response-content-disposition", value: "inline; filename=\"\(download.filename)\""),
            URLQueryItem(name: "X-Amz-Signature", value: String(repeating: "0", count: 64)),
        ]
        guard let url = url?.url else { throw BucketError.noSuchKey }
        return url
    }

    // MARK: Parts

    private func write(_ name: String, _ data: Data) -> String {
        let etag = nextETag()
        objects[name] = Object(data: data, etag: etag, modified: now)
        if let entry = listed[name], entry.until == nil {
            listed[name] = Listed(from: entry.from, modified: now, size: Int64(data.count))
        } else {
            listed[name] = Listed(from: now.advanced(by: lag), modified: now, size: Int64(data.count))
        }
        return etag
    }

    private func nextETag() -> String {
        etags += 1
        return "\"\(etags)\""
    }
}
