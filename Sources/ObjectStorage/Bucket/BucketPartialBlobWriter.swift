import Foundation
import Storage

/// Appends to one partial file; each full part is acknowledged at once.
actor BucketPartialBlobWriter: PartialBlobWriter {
    private let partials: BucketPartialBlobs
    private let key: BlobKey
    private let limit: Int64
    private let opening: PartialState
    private let openingTail: Data
    private var state: PartialState
    private var version: String
    private var partBytes: Int { partials.store.partBytes }
    /// Bytes not yet in a part.
    private var buffer: Data

    init(_ partials: BucketPartialBlobs, key: BlobKey, state: PartialState, version: String, tail: Data, limit: Int64) {
        self.partials = partials
        self.key = key
        self.limit = limit
        self.state = state
        self.version = version
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
        while buffer.count >= partBytes {
            let data = Data(buffer.prefix(partBytes))
            let number = state.parts.count + 1
            var next = state
            next.parts.append(
                try await partials.requests.send { [state] in try await $0.uploadPart(number, data, of: state.upload) })
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
        version = try await partials.save(next, of: key, .ifMatch(version))
        let before = state.tail
        state = next
        // The remainder from the opening is kept for `undo`.
        if let before, before != next.tail, before != opening.tail { await partials.delete(key, before) }
    }
}
