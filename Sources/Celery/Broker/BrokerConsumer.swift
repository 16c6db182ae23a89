import Basics
import Foundation
import Redis
import Synchronization

/// A message taken from a queue. It stays in `unacked` until it is acknowledged, rejected or returned.
package struct Delivery: Sendable {
    package let tag: String
    package let queue: String
    let message: KombuMessage
}

/// Takes messages from queues for one process; waits in the server (`BRPOP`), never by polling.
///
/// A worker is one user of it; another may acknowledge late by itself (`Broker.acknowledge`, `Broker.restore`).
final class BrokerConsumer: Sendable {
    /// A message that cannot be returned to anybody: it is reported and dropped, as Celery does.
    typealias OnMalformed = @Sendable (_ queue: String, _ reason: String) -> Void

    /// How long the server waits before it answers that there is nothing, in seconds. `wake` ends the wait.
    private static let wait = 20
    private let broker: Broker
    private let onMalformed: OnMalformed
    private let state: Mutex<State>

    /// A connection for the wait alone, with the server's id of it.
    private struct Connection: Sendable {
        let connection: RedisConnection
        let id: Int
    }

    private struct State {
        var queues: [String]
        var connection: Connection?
        /// The server's id of the connection that waits.
        var waiting: Int?
        /// The times of calls whose reply was lost.
        var uncertain: [Double] = []
        var isStopped = false
    }

    init(_ broker: Broker, queues: [String], onMalformed: @escaping OnMalformed) {
        self.broker = broker
        self.onMalformed = onMalformed
        state = Mutex(State(queues: queues))
    }

    var queues: [String] { state.withLock { $0.queues } }

    // MARK: Steering

    func add(_ queue: String) async {
        state.withLock { if !$0.queues.contains(queue) { $0.queues.append(queue) } }
        try? await broker.declare([queue])
        await wake()
    }

    func remove(_ queue: String) async {
        state.withLock { $0.queues.removeAll { $0 == queue } }
        await wake()
    }

    /// No message is taken any more once `take` has returned.
    func stop() async {
        state.withLock { $0.isStopped = true }
        await wake()
    }

    /// The wait is ended by the server: closing the connection could lose a message that is under way.
    private func wake() async {
        guard let waiting = state.withLock({ $0.waiting }) else { return }
        _ = try? await broker.client.send(RedisCommand("CLIENT", "UNBLOCK", .integer(waiting)))
    }

    // MARK: Taking

    /// Makes the connection for the wait, and writes the bindings of the queues. Messages whose arrival an outage prevented
    /// are returned to their queues.
    ///
    /// - Throws: `RedisError`.
    func connect() async throws {
        try await broker.declare(queues)
        for stamp in state.withLock({ $0.uncertain }) {
            try await broker.reclaim(takenAt: stamp)
            state.withLock { $0.uncertain.removeAll { $0 == stamp } }
        }
        let connection = try await broker.client.dedicatedConnection()
        let id = try await connection.send(RedisCommand("CLIENT", "ID")).integer ?? 0
        state.withLock { $0.connection = Connection(connection: connection, id: id) }
    }

    /// Ends the connection. A message that is under way on it may be lost, so only after `take` has failed or for good.
    func disconnect() async {
        let last = state.withLock { state in
            defer { state.connection = nil }
            return state.connection
        }
        await last?.connection.close()
    }

    /// Waits for messages.
    ///
    /// - Returns: at most `most`, none if the wait was ended or it stopped.
    /// - Throws: `RedisError`; nothing is lost.
    func take(_ most: Int) async throws -> [Delivery] {
        guard let queues = begin() else { return [] }
        guard !queues.isEmpty else {
            try await Task.sleep(for: .milliseconds(200))
            return []
        }
        let ready = try await takeReady(most, queues)
        guard ready.isEmpty else { return ready }
        return try await wait(queues)
    }

    /// The queues, the next one to begin with first, so that a full one does not hold up the others.
    private func begin() -> [String]? {
        state.withLock { state in
            guard !state.isStopped else { return nil }
            if state.queues.count > 1 { state.queues.append(state.queues.removeFirst()) }
            return state.queues
        }
    }

    private func takeReady(_ most: Int, _ queues: [String]) async throws -> [Delivery] {
        let keys = broker.keys
        let stamp = Date.now.timeIntervalSince1970
        let parts: [RESPValue]
        do {
            let reply = try await BrokerScripts.take.run(
                on: broker.client, keys: [keys.unacked, keys.unackedIndex] + keys.lists(queues),
                [.integer(most), .number(stamp)])
            parts = reply.array ?? []
        } catch {
            state.withLock { $0.uncertain.append(stamp) }
            throw error
        }
        var deliveries: [Delivery] = []
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            if let next = await delivery(list: parts[index], message: parts[index + 1]) { deliveries.append(next) }
        }
        return deliveries
    }

    private func wait(_ queues: [String]) async throws -> [Delivery] {
        let (isOutdated, connection) = state.withLock { state in
            state.waiting = state.connection?.id
            return (state.isStopped || state.queues.sorted() != queues.sorted(), state.connection?.connection)
        }
        defer { state.withLock { $0.waiting = nil } }
        guard !isOutdated else { return [] }
        guard let connection else { throw RedisError.unavailable("the consumer is not connected") }
        let lists = broker.keys.lists(queues).map { RedisCommand.Argument.text($0) }
        let reply = try await connection.send(
            RedisCommand("BRPOP", lists + [.integer(Self.wait)]), timeout: .seconds(Self.wait + 10))
        guard let parts = reply.array, parts.count == 2,
            let delivery = await delivery(list: parts[0], message: parts[1])
        else { return [] }
        await register(delivery, raw: parts[1])
        return [delivery]
    }

    /// A message that `BRPOP` has removed exists here alone, so it is registered however long that takes.
    private func register(_ delivery: Delivery, raw: RESPValue) async {
        let info = delivery.message.properties["delivery_info"]
        let exchange = JSONValue.text(info?["exchange"]?.asText ?? "").bytes
        let routingKey = JSONValue.text(info?["routing_key"]?.asText ?? "").bytes
        let comma = [UInt8(ascii: ",")]
        let entry =
            [UInt8(ascii: "[")] + (raw.bytes ?? []) + comma + exchange + comma + routingKey + [UInt8(ascii: "]")]
        let keys = broker.keys
        var failures = 0
        while true {
            do {
                _ = try await broker.client.transaction(
                    [
                        RedisCommand("HSET", .text(keys.unacked), .text(delivery.tag), .bytes(entry)),
                        RedisCommand(
                            "ZADD", .text(keys.unackedIndex), .number(Date.now.timeIntervalSince1970),
                            .text(delivery.tag)),
                    ], isIdempotent: true)
                return
            } catch RedisError.closed {
                return
            } catch {
                failures += 1
                await RedisOptions().wait(after: failures)
            }
        }
    }

    private func delivery(list: RESPValue, message: RESPValue) async -> Delivery? {
        let queue = broker.keys.queue(ofList: list.text ?? "")
        var tag: String?
        do {
            let envelope = try JSONValue(reading: message.bytes ?? [])
            tag = envelope["properties"]?["delivery_tag"]?.asText
            guard let tag else { throw KombuMessage.Malformed(description: "the message has no delivery tag") }
            return Delivery(tag: tag, queue: queue, message: try KombuMessage(envelope))
        } catch {
            onMalformed(queue, "\(error)")
            if let tag { try? await broker.acknowledge(tag) }
            return nil
        }
    }
}
