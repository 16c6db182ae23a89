import Foundation
import Redis

extension Broker {
    /// How long others are kept out, in seconds, if a process dies with the lock. kombu's 300 would keep its messages that long;
    /// two at a time do no harm, as each message is moved in one step.
    private static let mutexExpiry = 10
    private static let atOnce = 100

    /// Returns messages to their queues that no worker has acknowledged or renewed within the visibility timeout.
    /// One process at a time does it.
    ///
    /// - Returns: how many.
    package func restoreOverdue() async throws -> Int {
        let token = UniqueID.make()
        let lock = RedisCommand(
            "SET", .text(keys.unackedMutex), .text(token), "NX", "PX", .integer(Self.mutexExpiry * 1000))
        guard try await client.send(lock) != .null else { return 0 }
        let restored: Int
        do {
            restored = try await restoreAllOverdue()
        } catch {
            _ = try? await BrokerScripts.unlock.run(on: client, keys: [keys.unackedMutex], [.text(token)])
            throw error
        }
        _ = try await BrokerScripts.unlock.run(on: client, keys: [keys.unackedMutex], [.text(token)])
        return restored
    }

    private func restoreAllOverdue() async throws -> Int {
        let latest = Date.now.timeIntervalSince1970 - visibilityTimeout
        var restored = 0
        while true {
            let query = RedisCommand(
                "ZRANGEBYSCORE", .text(keys.unackedIndex), "-inf", .number(latest), "LIMIT", "0", .integer(Self.atOnce))
            let tags = (try await client.send(query).array ?? []).compactMap(\.text)
            for tag in tags where try await restore(tag, toFront: true) { restored += 1 }
            guard tags.count == Self.atOnce else { return restored }
        }
    }

    /// Returns messages that were taken at a time, by a call whose reply was lost: nobody else knows of them.
    ///
    /// - Parameter stamp: the score that the call gave them.
    func reclaim(takenAt stamp: Double) async throws {
        let query = RedisCommand("ZRANGEBYSCORE", .text(keys.unackedIndex), .number(stamp), .number(stamp))
        for tag in (try await client.send(query, isIdempotent: true).array ?? []).compactMap(\.text) {
            try await restore(tag, toFront: true)
        }
    }

    /// Keeps messages from being delivered again while this process holds them. kombu does not do that: there, a task
    /// longer than the visibility timeout runs twice.
    func renew(_ tags: [String]) async throws {
        guard !tags.isEmpty else { return }
        let now = RedisCommand.Argument.number(Date.now.timeIntervalSince1970)
        let members = tags.flatMap { [now, .text($0)] }
        _ = try await client.send(
            RedisCommand("ZADD", [.text(keys.unackedIndex), "XX", "GT"] + members), isIdempotent: true)
    }
}
