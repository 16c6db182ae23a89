import Synchronization

/// Lets those who ask the same at the same time share one answer, as a crowd does that looks at one worklist.
///
/// Nobody gets anything older than a read of their own would have shown: whoever comes while a read is under way waits for
/// the next one, together with all who come in the meantime.
final class SharedReads<Key: Hashable & Sendable>: Sendable {
    private typealias Place = CheckedContinuation<Turn, Never>

    /// What becomes of somebody who asked.
    private enum Turn: Sendable {
        /// To read, for oneself and for `crew`.
        case lead(crew: [Place])
        case share(Result<any Sendable, any Error>)
    }

    /// A key is here while its read is under way, with those who wait for the next one.
    private let waiting = Mutex<[Key: [Place]]>([:])

    /// What `read` gives, called here or by somebody who asks the same; equal keys must mean equal reads.
    func value<Value: Sendable>(for key: Key, read: () async throws -> Value) async throws -> Value {
        switch await withCheckedContinuation({ take(place: $0, for: key) }) {
        case .lead(let crew):
            let result: Result<Value, any Error>
            do { result = .success(try await read()) } catch { result = .failure(error) }
            letNextRead(key)
            for place in crew { place.resume(returning: .share(result.map { $0 })) }
            return try result.get()
        case .share(.failure(is CancellationError)):
            // The one who read has gone away; that concerns nobody else.
            return try await read()
        case .share(let result):
            guard let value = try result.get() as? Value else { return try await read() }
            return value
        }
    }

    private func take(place: Place, for key: Key) {
        let isFirst = waiting.withLock { waiting in
            let isFirst = waiting[key] == nil
            if isFirst { waiting[key] = [] } else { waiting[key]?.append(place) }
            return isFirst
        }
        if isFirst { place.resume(returning: .lead(crew: [])) }
    }

    private func letNextRead(_ key: Key) {
        let places = waiting.withLock { waiting in
            let places = waiting[key] ?? []
            waiting[key] = places.isEmpty ? nil : []
            return places
        }
        places.first?.resume(returning: .lead(crew: Array(places.dropFirst())))
    }
}
