import Basics
import Crypto
import Foundation
import Storage

/// Partial files as multipart uploads: full parts are uploaded; a remainder smaller than a part is a separate
/// object.
///
/// A state object lists the acknowledged parts and remainder. It is replaced only if it has not changed since it was
/// read (`If-Match`), so a writer that has lost its lease can't acknowledge anything, and the last state survives a
/// crash. A lifecycle rule of the bucket removes what a crash leaves behind.
struct BucketPartialBlobs: PartialBlobs {
    let requests: BucketRequests

    private static let prefix = "partials/"
    private static let stateSuffix = "/state"

    func begin(_ key: BlobKey) async throws {
        let upload = try await requests.send { try await $0.createUpload(BucketBlobStore.name(key)) }
        _ = try await save(PartialState(upload: upload), of: key, .ifAbsent)
    }

    func size(_ key: BlobKey) async throws -> Int64 {
        try await load(key).state.size
    }

    func open(_ key: BlobKey, at offset: Int64, limit: Int64) async throws -> (any PartialBlobWriter)? {
        var (state, etag) = try await load(key)
        let now = await requests.bucket.now
        if let lease = state.leasedUntil, now < lease { return nil }
        guard state.size == offset else { throw BlobError.wrongOffset }
        state.leasedUntil = now.advanced(by: PartialState.lease)
        do {
            etag = try await save(state, of: key, .ifMatch(etag))
        } catch BlobError.wrongOffset {
            // Another process has opened it at the same time.
            return nil
        }
        let tail = try await tail(of: state, key)
        return BucketPartialBlobWriter(self, key: key, state: state, etag: etag, tail: tail, limit: limit)
    }

    func complete(_ key: BlobKey) async throws -> StagedBlob {
        let (state, _) = try await load(key)
        let name = BucketBlobStore.name(key)
        do {
            var parts = state.parts
            let tail = try await tail(of: state, key)
            if !tail.isEmpty || parts.isEmpty {
                parts.append(try await requests.send { try await $0.uploadPart(state.upload, parts.count + 1, tail) })
            }
            let whole = parts
            try await requests.complete(state.upload, whole, as: name)
        } catch SimulatedBucket.Failure.noSuchUpload {
            // Completed before a crash: the object exists, or has since been deleted.
        }
        let data = try await requests.send { try await $0.get(name).data }
        return StagedBlob(key: key, size: Int64(data.count), sha256: SHA256.hash(data: data).hexadecimal)
    }

    func remove(_ key: BlobKey) async {
        guard let (state, _) = try? await load(key) else { return }
        try? await requests.abort(state.upload)
        if let tail = state.tail { await delete(key, tail) }
        try? await requests.send { try await $0.delete(Self.stateName(key)) }
    }

    func keys(writtenBefore time: Timestamp, after cursor: String?, limit: Int) async throws -> BlobKeyPage {
        let page = try await requests.send { try await $0.list(Self.prefix, after: cursor, limit: limit) }
        let keys = page.entries.filter { $0.modified < time && $0.name.hasSuffix(Self.stateSuffix) }.compactMap {
            BlobKey(String($0.name.dropFirst(Self.prefix.count).dropLast(Self.stateSuffix.count)))
        }
        return BlobKeyPage(keys: keys, next: page.next)
    }

    // MARK: Objects

    private static func stateName(_ key: BlobKey) -> String { prefix + key.string + stateSuffix }
    static func name(_ key: BlobKey, _ tail: PartialState.Tail) -> String { "\(prefix)\(key)/tail-\(tail.id)" }

    func load(_ key: BlobKey) async throws -> (state: PartialState, etag: String) {
        let object = try await requests.send { try await $0.get(Self.stateName(key)) }
        return (try JSONDecoder().decode(PartialState.self, from: object.data), object.etag)
    }

    /// - Throws: `BlobError.wrongOffset` if another writer has written in the meantime.
    func save(_ state: PartialState, of key: BlobKey, _ condition: SimulatedBucket.Condition) async throws -> String {
        var state = state
        state.revision = UUID()
        let data = try JSONEncoder().encode(state)
        let name = Self.stateName(key)
        do {
            return try await requests.send { try await $0.put(name, data, condition) }
        } catch SimulatedBucket.Failure.preconditionFailed {
            // It may be our own write if the response to an earlier attempt was lost; the revision shows that.
            let (found, etag) = try await load(key)
            guard found.revision == state.revision else { throw BlobError.wrongOffset }
            return etag
        }
    }

    func tail(of state: PartialState, _ key: BlobKey) async throws -> Data {
        guard let tail = state.tail else { return Data() }
        return try await requests.send { try await $0.get(Self.name(key, tail)).data }
    }

    func delete(_ key: BlobKey, _ tail: PartialState.Tail) async {
        try? await requests.send { try await $0.delete(Self.name(key, tail)) }
    }
}

/// The acknowledged content of a partial file.
struct PartialState: Codable, Sendable {
    /// The remainder smaller than a part.
    struct Tail: Codable, Sendable, Equatable {
        /// New for each write: a writer that has lost its lease must not touch acknowledged data.
        var id = UUID()
        let size: Int64
    }

    let upload: String
    var parts: [SimulatedBucket.Part] = []
    var tail: Tail?
    /// When the lease expires and another writer may take over.
    var leasedUntil: Timestamp? {
        get { lease.map { Timestamp(microseconds: $0) } }
        set { lease = newValue?.microseconds }
    }
    private var lease: Int64?
    /// Distinguishes two writes of the same content.
    var revision = UUID()

    init(upload: String) {
        self.upload = upload
    }

    var partsSize: Int64 { parts.reduce(0) { $0 + $1.size } }
    var size: Int64 { partsSize + (tail?.size ?? 0) }

    /// After this long without activity a writer counts as dead.
    static let lease: Duration = .seconds(60)
}

/// Appends to one partial file; each full part is acknowledged at once.
private actor BucketPartialBlobWriter: PartialBlobWriter {
    private let partials: BucketPartialBlobs
    private let key: BlobKey
    private let limit: Int64
    private let opening: PartialState
    private let openingTail: Data
    private var state: PartialState
    private var etag: String
    /// Bytes not yet in a part.
    private var buffer: Data

    init(_ partials: BucketPartialBlobs, key: BlobKey, state: PartialState, etag: String, tail: Data, limit: Int64) {
        self.partials = partials
        self.key = key
        self.limit = limit
        self.state = state
        self.etag = etag
        opening = state
        openingTail = tail
        buffer = tail
    }

    func append(_ chunk: Data) async throws {
        guard Int64(chunk.count) <= limit - state.partsSize - Int64(buffer.count) else {
            throw BlobError.tooLarge(limit: limit)
        }
        try await renew()
        buffer += chunk
        while buffer.count >= BucketBlobStore.partBytes {
            let data = Data(buffer.prefix(BucketBlobStore.partBytes))
            let number = state.parts.count + 1
            var next = state
            next.parts.append(
                try await partials.requests.send { [state] in try await $0.uploadPart(state.upload, number, data) })
            next.tail = nil
            try await save(next)
            buffer = Data(buffer.dropFirst(data.count))
        }
    }

    /// Continues only while this writer holds the lease.
    private func renew() async throws {
        let now = await partials.requests.bucket.now
        guard let end = state.leasedUntil, now.advanced(by: PartialState.lease / 2) >= end else { return }
        try await save(state)
    }

    func flush() async throws -> Int64 {
        try await renew()
        guard Int64(buffer.count) != state.tail?.size ?? 0 else { return state.size }
        let (data, tail) = (buffer, PartialState.Tail(size: Int64(buffer.count)))
        _ = try await partials.requests.send { [key] in try await $0.put(BucketPartialBlobs.name(key, tail), data) }
        var next = state
        next.tail = tail
        do {
            try await save(next)
        } catch {
            await partials.delete(key, tail)
            throw error
        }
        return state.size
    }

    func undo() async throws {
        try await save(opening)
        buffer = openingTail
    }

    func release() async {
        // In a task of its own, because the caller's may have been cancelled.
        await Task {
            var next = state
            next.leasedUntil = nil
            guard (try? await save(next, isLast: true)) != nil else { return }
            if let tail = opening.tail, tail != state.tail { await partials.delete(key, tail) }
        }.value
    }

    private func save(_ next: PartialState, isLast: Bool = false) async throws {
        var next = next
        if !isLast { next.leasedUntil = await partials.requests.bucket.now.advanced(by: PartialState.lease) }
        etag = try await partials.save(next, of: key, .ifMatch(etag))
        let before = state.tail
        state = next
        // The remainder from the opening is kept for `undo`.
        if let before, before != next.tail, before != opening.tail { await partials.delete(key, before) }
    }
}
