import Basics
import Redis

extension ResultBackend {
    /// The part of a chord's header that has ended.
    struct ChordPart: Sendable {
        let task: String
        let group: String
        let index: Int?
        let state: TaskState
        let value: JSONValue
    }

    /// How long a worker may take to send the callback before another one may, in seconds.
    private static let claim = 10
    /// How long it is known that the callback was sent, in seconds.
    private static let mark = 300
    /// Attempts to read the results of a header that contains groups, 200 ms apart.
    private static let reads = 15

    func setChordSize(_ group: String, _ size: Int) async throws {
        let key = RedisCommand.Argument.text(Self.key(ofGroup: group, ".s"))
        let set = RedisCommand("SET", [key, .integer(size)] + (expiry > 0 ? ["EX", .integer(expiry)] : []))
        let replies = try await client.send(
            [RedisCommand("DEL", .text(Self.key(ofGroup: group, ".c"))), set], isIdempotent: true)
        for reply in replies { _ = try reply.orThrow() }
    }

    /// What is to be done after a part has been counted.
    enum ChordStep: Sendable, Equatable {
        /// Other parts are missing, or another worker sends the callback.
        case none
        case callback(results: [JSONValue], token: String)
        case failed(TaskFailure)
    }

    /// Counts a part and, if it was the last, collects the results.
    func count(_ part: ChordPart) async throws -> ChordStep {
        let token = UniqueID.make()
        let entry: JSONValue = [1, .text(part.task), .text(part.state.rawValue), part.value]
        let reply = try await ChordScripts.count.run(
            on: client,
            keys: [".j", ".t", ".s", ".d", ".c", ""].map { Self.key(ofGroup: part.group, $0) },
            [
                .text(part.task), .bytes(entry.bytes), .text(part.index.map(String.init) ?? "+inf"), .integer(expiry),
                .integer(Self.claim), .text(token),
            ], isIdempotent: true)
        guard reply.integer == 1 else { return .none }
        do {
            let results = try await chordResults(part.group)
            let extended = try await ChordScripts.extend.run(
                on: client, keys: [".c", ".s"].map { Self.key(ofGroup: part.group, $0) },
                [.text(token), .integer(Self.claim * 3)])
            return extended.integer == 1 ? .callback(results: results, token: token) : .none
        } catch let failure as TaskFailure {
            // A copy of a part that arrives later must not fail the chord again.
            _ = try await client.send(
                RedisCommand("DEL", .text(Self.key(ofGroup: part.group, ".s"))), isIdempotent: true)
            return .failed(failure)
        }
    }

    func finishChord(_ group: String, token: String) async throws {
        _ = try await ChordScripts.finish.run(
            on: client, keys: [".c", ".j", ".t", ".s", ".d"].map { Self.key(ofGroup: group, $0) },
            [.text(token), .integer(Self.mark)], isIdempotent: true)
    }

    // MARK: Collecting

    /// - Throws: `TaskFailure` (`ChordError`) if a part has failed.
    private func chordResults(_ group: String) async throws -> [JSONValue] {
        let replies = try await client.send(
            [
                RedisCommand("GET", .text(Self.key(ofGroup: group))),
                RedisCommand("ZRANGE", .text(Self.key(ofGroup: group, ".j")), "0", "-1"),
            ], isIdempotent: true)
        if let saved = replies[0].bytes.flatMap({ try? JSONValue(reading: $0) })?["result"] {
            return try await joined(saved).asList ?? []
        }
        return try (replies[1].array ?? []).map { entry in
            let parts = try JSONValue(reading: entry.bytes ?? []).asList ?? []
            guard parts.count == 4 else { throw TaskFailure.chord("Join error: malformed part") }
            return try Self.value(task: parts[1].asText ?? "", state: parts[2].asText ?? "", parts[3])
        }
    }

    private static func value(task: String, state: String, _ value: JSONValue) throws -> JSONValue {
        guard ["FAILURE", "REVOKED"].contains(state) else { return value }
        throw TaskFailure.chord("Dependency \(task) raised \(TaskFailure(value)?.description ?? value.json)")
    }

    /// The results of a header with groups in it, nested as they are: Celery saves the ids as `[[id, parent], children]`.
    private func joined(_ tuple: JSONValue) async throws -> JSONValue {
        guard let parts = tuple.asList, parts.count == 2, let id = parts[0].asList?.first?.asText else {
            throw TaskFailure.chord("Join error: malformed result")
        }
        if let children = parts[1].asList {
            var values: [JSONValue] = []
            for child in children { values.append(try await joined(child)) }
            return .list(values)
        }
        for _ in 0..<Self.reads {
            if let result = try await result(of: id), result.state.isReady {
                return try Self.value(task: id, state: result.state.rawValue, result.value)
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw TaskFailure.chord("Join error: no result of \(id)")
    }
}
