import Foundation
import Storage

/// Partial files as multipart uploads: full parts are uploaded; a remainder smaller than a part is a separate
/// object.
///
/// A state object lists the acknowledged parts and remainder. It is replaced only if it has not changed since it was
/// read (`If-Match`), so a writer that has lost its lease can't acknowledge anything, and the last state survives a
/// crash. A lifecycle rule of the bucket removes what a crash leaves behind.
struct BucketPartialBlobs: PartialBlobs {
    let store: BucketBlobStore

    var requests: BucketRequests { store.requests }

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
        var (state, version) = try await load(key)
        let now = await requests.bucket.now
        if let lease = state.leasedUntil, now < lease { return nil }
        guard state.size == offset else { throw BlobError.wrongOffset }
        state.leasedUntil = now.advanced(by: PartialState.lease)
        do {
            version = try await save(state, of: key, .ifMatch(version))
        } catch BlobError.wrongOffset {
            // Another process has opened it at the same time.
            return nil
        }
        let tail = try await tail(of: state, key)
        return BucketPartialBlobWriter(self, key: key, state: state, version: version, tail: tail, limit: limit)
    }

    func complete(_ key: BlobKey) async throws -> StagedBlob {
        let (state, _) = try await load(key)
        if try await isComplete(key, state.size) { return try await store.digest(key) }
        do {
            var parts = state.parts
            let tail = try await tail(of: state, key)
            if !tail.isEmpty || parts.isEmpty {
                parts.append(
                    try await requests.send { try await $0.uploadPart(parts.count + 1, tail, of: state.upload) })
            }
            let whole = parts
            try await requests.complete(state.upload, whole)
        } catch BucketError.noSuchUpload {
            // Completed at the same moment by another process.
        }
        return try await store.digest(key)
    }

    /// Whether the object already exists, as after a crash.
    private func isComplete(_ key: BlobKey, _ size: Int64) async throws -> Bool {
        do { return try await store.size(key) == size } catch BlobError.missing { return false }
    }

    func remove(_ key: BlobKey) async {
        guard let (state, _) = try? await load(key) else { return }
        try? await requests.abort(state.upload)
        if let tail = state.tail { await delete(key, tail) }
        try? await requests.send { try await $0.delete(Self.stateName(key)) }
    }

    func keys(writtenBefore time: Timestamp, after cursor: String?, limit: Int) async throws -> BlobKeyPage {
        let page = try await requests.send { try await $0.list(Self.prefix, after: cursor, limit: limit) }
        let states = page.entries.filter { $0.modified < time && $0.name.hasSuffix(Self.stateSuffix) }
        let entries = states.compactMap { entry in
            BlobKey(String(entry.name.dropFirst(Self.prefix.count).dropLast(Self.stateSuffix.count))).map {
                BlobEntry(key: $0, size: entry.size, modified: entry.modified)
            }
        }
        return BlobKeyPage(entries: entries, next: page.next)
    }

    // MARK: Objects

    private static func stateName(_ key: BlobKey) -> String { prefix + key.string + stateSuffix }
    static func name(_ key: BlobKey, _ tail: PartialState.Tail) -> String { "\(prefix)\(key)/tail-\(tail.id)" }

    func load(_ key: BlobKey) async throws -> (state: PartialState, version: String) {
        let object = try await requests.send { try await $0.get(Self.stateName(key)) }
        return (try JSONDecoder().decode(PartialState.self, from: object.data), object.version)
    }

    /// - Throws: `BlobError.wrongOffset` if another writer has written in the meantime.
    func save(_ state: PartialState, of key: BlobKey, _ condition: BucketCondition) async throws -> String {
        var state = state
        state.revision = UUID()
        let data = try JSONEncoder().encode(state)
        let name = Self.stateName(key)
        do {
            return try await requests.send { try await $0.put(name, data, condition) }
        } catch BucketError.preconditionFailed {
            // It may be our own write if the response to an earlier attempt was lost; the revision shows that.
            let (found, version) = try await load(key)
            guard found.revision == state.revision else { throw BlobError.wrongOffset }
            return version
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

    let upload: BucketUpload
    var parts: [BucketPart] = []
    var tail: Tail?
    /// When the lease expires and another writer may take over.
    var leasedUntil: Timestamp? {
        get { lease.map { Timestamp(microseconds: $0) } }
        set { lease = newValue?.microseconds }
    }
    private var lease: Int64?
    /// Distinguishes two writes of the same content.
    var revision = UUID()

    init(upload: BucketUpload) {
        self.upload = upload
    }

    var partsSize: Int64 { parts.reduce(0) { $0 + $1.size } }
    var size: Int64 { partsSize + (tail?.size ?? 0) }

    /// After this long without activity a writer counts as dead.
    static let lease: Duration = .seconds(60)
}
