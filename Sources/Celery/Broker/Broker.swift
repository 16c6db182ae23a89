import Basics
import Foundation
import Redis

/// Messages in Redis as kombu lays them out: Celery's Python clients and workers use the same queues.
package struct Broker: Sendable {
    let client: RedisClient
    let keys: BrokerKeys
    /// After which an unacknowledged message is delivered again, in seconds: the same for all workers on the broker.
    let visibilityTimeout: Double

    package init(_ url: RedisURL, keys: BrokerKeys = BrokerKeys(), visibilityTimeout: Double, options: RedisOptions) {
        client = RedisClient(url, options: options)
        self.keys = keys
        self.visibilityTimeout = visibilityTimeout
    }

    package var url: RedisURL { client.url }

    package func shutdown() async { await client.shutdown() }

    // MARK: Sending

    /// Puts a message on a queue, whose binding is written first, as other programs find the queue by it.
    ///
    /// - Throws: `RedisError`. After `connectionLost` and `timeout` the message may be on the queue.
    func send(_ message: KombuMessage, queue: String) async throws {
        let list = keys.list(queue, priority: message.properties["priority"]?.asInteger ?? 0)
        let envelope = message.envelope(exchange: "", routingKey: queue)
        let replies = try await client.send(
            declaration(of: queue) + [RedisCommand("LPUSH", .text(list), .bytes(envelope.bytes))])
        for reply in replies { _ = try reply.orThrow() }
    }

    private func declaration(of queue: String) -> [RedisCommand] {
        let member = [queue, "", queue].joined(separator: BrokerKeys.separator)
        return [
            RedisCommand("SADD", .text(keys.bindings(ofExchange: queue)), .text(member)),
            RedisCommand("SADD", .text(keys.permanentBindings(ofExchange: queue)), .text(member)),
        ]
    }

    /// Writes the bindings of queues, so that messages to an exchange of the same name arrive.
    func declare(_ queues: [String]) async throws {
        let replies = try await client.send(queues.flatMap { declaration(of: $0) }, isIdempotent: true)
        for reply in replies { _ = try reply.orThrow() }
    }

    /// Publishes on a fanout exchange.
    func publish(_ message: KombuMessage, exchange: String, routingKey: String) async throws {
        let channel = keys.channel(exchange, routingKey: routingKey, database: url.database)
        let envelope = message.envelope(exchange: exchange, routingKey: routingKey)
        _ = try await client.send(RedisCommand("PUBLISH", .text(channel), .bytes(envelope.bytes)))
    }

    /// Sends to the queues that are bound to a direct exchange with the routing key.
    ///
    /// - Parameter expiry: after which the queues are removed with what nobody has fetched, in seconds.
    func reply(_ message: KombuMessage, exchange: String, routingKey: String, expiry: Int) async throws {
        let envelope = message.envelope(exchange: exchange, routingKey: routingKey)
        for queue in try await boundQueues(exchange: exchange, routingKey: routingKey) {
            let list = RedisCommand.Argument.text(keys.list(queue, priority: 0))
            _ = try await client.send([
                RedisCommand("LPUSH", list, .bytes(envelope.bytes)), RedisCommand("EXPIRE", list, .integer(expiry)),
            ])
        }
    }

    /// The queues that an exchange delivers to: by equal key for direct ones, by pattern for topic ones.
    private func boundQueues(exchange: String, routingKey: String) async throws -> [String] {
        guard !exchange.isEmpty else { return [routingKey] }
        let reply = try await client.send(
            RedisCommand("SMEMBERS", .text(keys.bindings(ofExchange: exchange))), isIdempotent: true)
        return (reply.array ?? []).compactMap(\.text).compactMap { member in
            let parts = member.components(separatedBy: BrokerKeys.separator)
            guard parts.count == 3 else { return nil }
            let matches = parts[0] == routingKey || Self.matches(routingKey, pattern: parts[1])
            return matches ? parts[2] : nil
        }
    }

    /// kombu stores the pattern of a topic binding as a regular expression.
    private static func matches(_ routingKey: String, pattern: String) -> Bool {
        guard !pattern.isEmpty, let expression = try? Regex(pattern) else { return false }
        return routingKey.prefixMatch(of: expression) != nil
    }

    /// The number of messages that wait on a queue, of all priorities.
    func messageCount(in queue: String) async throws -> Int {
        let replies = try await client.send(
            keys.lists([queue]).map { RedisCommand("LLEN", .text($0)) }, isIdempotent: true)
        return try replies.reduce(0) { $0 + (try $1.orThrow().integer ?? 0) }
    }

    // MARK: Acknowledging

    /// The message is done with.
    func acknowledge(_ tag: String) async throws {
        let replies = try await client.send(
            [
                RedisCommand("ZREM", .text(keys.unackedIndex), .text(tag)),
                RedisCommand("HDEL", .text(keys.unacked), .text(tag)),
            ], isIdempotent: true)
        for reply in replies { _ = try reply.orThrow() }
    }

    /// Returns an unacknowledged message to its queue, marked as redelivered.
    ///
    /// - Parameter toFront: taken next rather than last.
    /// - Returns: `false` if it has been acknowledged or returned meanwhile.
    @discardableResult
    func restore(_ tag: String, toFront: Bool) async throws -> Bool {
        let reply = try await client.send(RedisCommand("HGET", .text(keys.unacked), .text(tag)), isIdempotent: true)
        guard let entry = reply.bytes.flatMap({ try? JSONValue(reading: $0) })?.asList, entry.count == 3 else {
            try await acknowledge(tag)
            return false
        }
        let envelope = Self.redelivered(entry[0])
        let priority = envelope["properties"]?["priority"]?.asInteger ?? 0
        let queues = try await boundQueues(exchange: entry[1].asText ?? "", routingKey: entry[2].asText ?? "")
        // A queue without a binding is the one that the routing key names.
        let queue = queues.first ?? entry[2].asText ?? ""
        let moved = try await BrokerScripts.restore.run(
            on: client, keys: [keys.unacked, keys.unackedIndex, keys.list(queue, priority: priority)],
            [.text(tag), .bytes(envelope.bytes), .text(toFront ? "front" : "back")])
        return moved.integer == 1
    }

    private static func redelivered(_ envelope: JSONValue) -> JSONValue {
        var members = envelope.asObject ?? [:]
        var headers = members["headers"]?.asObject ?? [:]
        headers["redelivered"] = true
        members["headers"] = .object(headers)
        var properties = members["properties"]?.asObject ?? [:]
        var info = properties["delivery_info"]?.asObject ?? [:]
        info["redelivered"] = true
        properties["delivery_info"] = .object(info)
        members["properties"] = .object(properties)
        return .object(members)
    }
}
