import Basics
import Foundation
import Redis

/// Results in Redis as Celery's Redis backend stores them (`celery.backends.redis`): a key for each task, and a message on a
/// channel of the same name, for which `AsyncResult.get()` waits.
package struct ResultBackend: Sendable {
    let client: RedisClient
    /// Seconds after which results are removed; 0 keeps them (`result_expires`).
    let expiry: Int
    /// Whether results include name, arguments, worker, retries and queue (`result_extended`).
    let isExtended: Bool

    package init(_ url: RedisURL, expiry: Int = 86_400, isExtended: Bool = false, options: RedisOptions) {
        client = RedisClient(url, options: options)
        self.expiry = expiry
        self.isExtended = isExtended
    }

    package func shutdown() async { await client.shutdown() }

    static func key(ofTask id: String) -> String { "celery-task-meta-\(id)" }
    static func key(ofGroup id: String, _ part: String = "") -> String { "celery-taskset-meta-\(id)\(part)" }

    // MARK: Reading

    /// `nil` for a task that is unknown or has not been started (Celery's PENDING).
    ///
    /// - Throws: `RedisError`, or `JSONValue.SyntaxError`.
    package func result(of id: String) async throws -> TaskResult? {
        let reply = try await client.send(RedisCommand("GET", .text(Self.key(ofTask: id))), isIdempotent: true)
        guard let bytes = reply.bytes else { return nil }
        return TaskResult(try JSONValue(reading: bytes), id: id)
    }

    /// Waits until a task is done.
    ///
    /// - Parameter timeout: seconds.
    /// - Returns: `nil` if it is not done in time.
    package func wait(for id: String, timeout: Double) async throws -> TaskResult? {
        try await withThrowingTaskGroup(of: TaskResult?.self) { group in
            group.addTask {
                // Subscribed before it reads: a result that arrives in between is not missed.
                for await event in RedisSubscriber(
                    client.url, channels: [Self.key(ofTask: id)], options: client.options)
                {
                    if case .interrupted = event { continue }
                    if let result = try await result(of: id), result.state.isReady { return result }
                }
                return nil
            }
            group.addTask {
                try await Task.sleep(for: .seconds(timeout))
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    // MARK: Writing

    /// What a result says about the message that it belongs to.
    struct Origin: Sendable {
        var group: String?
        var parent: String?
        var children: [JSONValue] = []
        /// With `isExtended`.
        var request: TaskRequest?
        var worker: String?
    }

    /// Stores a state unless the task has succeeded before: a late failure of a second run does not replace a result.
    func store(
        _ id: String, _ state: TaskState, _ value: JSONValue, traceback: String? = nil, _ origin: Origin
    ) async throws {
        var meta: [String: JSONValue] = [
            "status": .text(state.rawValue), "result": value, "traceback": traceback.map { .text($0) } ?? .null,
            "children": .list(origin.children), "task_id": .text(id),
            "date_done": state.isReady ? .text(ISOTime.text(.now)) : .null,
        ]
        if let group = origin.group { meta["group_id"] = .text(group) }
        if let parent = origin.parent { meta["parent_id"] = .text(parent) }
        if isExtended, let request = origin.request {
            meta["name"] = .text(request.task)
            meta["args"] = .list(request.arguments)
            meta["kwargs"] = .object(request.keywords)
            meta["worker"] = origin.worker.map { .text($0) } ?? .null
            meta["retries"] = .integer(request.retries)
            meta["queue"] = .text(request.delivery.routingKey)
        }
        _ = try await ResultScripts.store.run(
            on: client, keys: [Self.key(ofTask: id)], [.bytes(JSONValue.object(meta).bytes), .integer(expiry)],
            isIdempotent: true)
    }
}

enum ResultScripts {
    /// KEYS: result. ARGV: the new one, expiry in seconds.
    static let store = RedisScript(
        """
        local current = redis.call('GET', KEYS[1])
        if current then
            local isJSON, meta = pcall(cjson.decode, current)
            if isJSON and type(meta) == 'table' and meta.status == 'SUCCESS' then return 0 end
        end
        if tonumber(ARGV[2]) > 0 then
            redis.call('SETEX', KEYS[1], ARGV[2], ARGV[1])
        else
            redis.call('SET', KEYS[1], ARGV[1])
        end
        redis.call('PUBLISH', KEYS[1], ARGV[1])
        return 1
        """)
}
