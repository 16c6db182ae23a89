import Foundation
import Redis

extension Broker {
    /// How long another process may hold the lock of the redelivery, in seconds (`unacked_mutex_expire`).
    private static let mutexExpiry = 300
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
