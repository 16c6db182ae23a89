import Foundation
import TestSupport
import Testing

@testable import Storage

/// Eight tasks read and write while the server or the network fails.
@Suite(.serialized) struct PostgresOutageTests {
    private static let tasks = 8

    private struct Count: Sendable {
        var commits = 0
        var failures = 0
        /// Values whose COMMIT was not answered.
        var unknown: Set<Int> = []
        var written: Set<Int> = []
    }

    /// Runs the tasks until `disturb` is over and a second longer.
    private static func load(
        _ database: any Database, while disturb: @Sendable () async throws -> Void
    ) async throws -> Count {
        let count = Locked(Count())
        let isOver = Locked(false)
        let next = Locked(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    while !isOver.withLock({ $0 }) {
                        let value = next.withLock {
                            $0 += 1; return $0
                        }
                        do {
                            if value.isMultiple(of: 2) {
                                _ = try await database.read { try $0.queryOne("SELECT COUNT(*) AS number FROM t") }
                            } else {
                                _ = try await database.write { try $0.execute("INSERT INTO t (id) VALUES (\(value))") }
                                count.withLock { _ = $0.written.insert(value) }
                            }
                            count.withLock { $0.commits += 1 }
                        } catch {
                            count.withLock {
                                $0.failures += 1
                                if !value.isMultiple(of: 2) { $0.unknown.insert(value) }
                            }
                        }
                    }
                }
            }
            defer { isOver.withLock { $0 = true } }
            try await Task.sleep(for: .milliseconds(500))
            try await disturb()
            try await Task.sleep(for: .seconds(1))
            isOver.withLock { $0 = true }
            try await group.waitForAll()
        }
        return count.withLock { $0 }
    }

    /// Every acknowledged row exists, and no other except those whose COMMIT was not answered. No row is written twice.
    private static func check(_ database: any Database, _ count: Count) async throws {
        let rows = try await database.read { try $0.query("SELECT id FROM t") }
        let ids = try rows.map { try $0.get("id", as: Int.self) }
        #expect(Set(ids).count == ids.count)
        #expect(count.written.isSubset(of: ids))
        #expect(Set(ids).subtracting(count.written).isSubset(of: count.unknown))
        #expect(count.commits > 2 * tasks)
    }

    private static func with(
        _ body: @Sendable (PostgresCluster, any Database) async throws -> Void
    ) async throws {
        try await PostgresCluster.with { cluster in
            let database = PostgresDatabase(
                address: try cluster.address(), limits: DatabaseLimits(connections: tasks))
            try await database.write { try $0.executeScript("CREATE TABLE t (id BIGINT NOT NULL)") }
            try await body(cluster, database)
            try await database.close()
        }
    }

    @Test(arguments: [PostgresCluster.StopMode.fast, .immediate])
    func aRestartFailsAtMostWhatIsInFlight(_ mode: PostgresCluster.StopMode) async throws {
        try await Self.with { cluster, database in
            let count = try await Self.load(database) {
                try await cluster.stop(mode)
                try await Task.sleep(for: .seconds(1))
                try await cluster.start()
            }
            #expect(count.failures <= Self.tasks)
            try await Self.check(database, count)
        }
    }

    @Test func terminatedBackendsFailAtMostWhatIsInFlight() async throws {
        try await Self.with { cluster, database in
            let other = PostgresDatabase(address: try cluster.address(), limits: DatabaseLimits(connections: 1))
            let count = try await Self.load(database) {
                _ = try await other.write {
                    try $0.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                    )
                }
            }
            try await other.close()
            #expect(count.failures <= Self.tasks)
            try await Self.check(database, count)
        }
    }

    /// The server restarts all its processes.
    @Test func aKilledBackendFailsAtMostWhatIsInFlight() async throws {
        try await Self.with { cluster, database in
            let count = try await Self.load(database) {
                let row = try await database.read { try $0.queryOne("SELECT pg_backend_pid() AS pid") }
                try await cluster.kill(try #require(row).get("pid"))
            }
            #expect(count.failures <= Self.tasks)
            try await Self.check(database, count)
        }
    }

    /// A server that stays away fails calls at once, after the time for a restart.
    @Test func aLongOutageFailsFast() async throws {
        try await PostgresCluster.with { cluster in
            var limits = DatabaseLimits(connections: 1)
            limits.restartGrace = .seconds(1)
            let database = PostgresDatabase(address: try cluster.address(), limits: limits)
            #expect(await database.isReachable())
            try await cluster.stop()
            #expect(await !database.isReachable())
            let start = ContinuousClock.now
            #expect(await !database.isReachable())
            #expect(.now - start < .seconds(1))
            try await cluster.start()
            #expect(await database.isReachable())
            try await database.close()
        }
    }

    /// A network that swallows everything ends in an error within the statement's time and its grace.
    @Test func aSilentNetworkEndsInAnError() async throws {
        try await PostgresServer.withFreshDatabase { address in
            let relay = try TCPRelay(to: address.host, try #require(Int(address.port)))
            var limits = DatabaseLimits(connections: 1)
            limits.statementTimeout = .seconds(2)
            limits.answerGrace = .milliseconds(500)
            limits.restartGrace = .seconds(1)
            var text = "postgresql://\(address.user):\(address.password)@127.0.0.1:\(relay.port)/\(address.database)"
            text += "?connect_timeout=2"
            guard case .postgres(let relayed) = try DatabaseURL(text) else { return }
            let database = PostgresDatabase(address: relayed, limits: limits)
            #expect(await database.isReachable())
            let start = ContinuousClock.now
            let waiting = Task { try await database.write { _ = try $0.execute("SELECT pg_sleep(1.5)") } }
            try await Task.sleep(for: .milliseconds(700))
            relay.isSilent = true
            let error = await #expect(throws: DatabaseError.self) { try await waiting.value }
            #expect(error?.kind == .unavailable)
            #expect(error?.message.contains("in time") == true)
            #expect(.now - start < .seconds(10))
            // Also while connecting.
            let again = await #expect(throws: DatabaseError.self) {
                try await database.write { _ = try $0.execute("SELECT 1") }
            }
            #expect(again?.kind == .unavailable)
            #expect(.now - start < .seconds(20))
            relay.isSilent = false
            #expect(await database.isReachable())
            try await database.close()
            relay.stop()
        }
    }
}
