import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Storage

/// The parameters of a URL and the time limits, against servers of their own.
@Suite struct PostgresConnectionTests {
    private static func value(
        _ query: SQL, _ address: PostgresAddress, _ limits: DatabaseLimits = DatabaseLimits(connections: 1)
    ) async throws -> String {
        let database = PostgresDatabase(address: address, limits: limits)
        let row: Result<SQLRow?, any Error>
        do {
            row = .success(try await database.read { try $0.queryOne(query) })
        } catch {
            row = .failure(error)
        }
        try await database.close()
        return try #require(try row.get()).get("value")
    }

    private static let isEncrypted: SQL =
        "SELECT CAST(ssl AS TEXT) AS value FROM pg_stat_ssl WHERE pid = pg_backend_pid()"

    @Test func everySSLModeOfLibpq() async throws {
        try await PostgresCluster.with(tls: true) { cluster in
            let root = "&sslrootcert=\(cluster.folder.path)/ca.crt"
            for mode in ["allow", "prefer", "require", "verify-ca\(root)", "verify-full\(root)"] {
                let address = try cluster.address("localhost", options: "?sslmode=\(mode)")
                #expect(try await Self.value(Self.isEncrypted, address) == "true", "\(mode)")
            }
            // Without TLS, with another authority, and with a name that the certificate lacks.
            let other = "&sslrootcert=\(cluster.folder.path)/other.crt"
            for (host, mode) in [
                ("localhost", "disable"), ("localhost", "verify-ca\(other)"), ("127.0.0.1", "verify-full\(root)"),
            ] {
                let error = await #expect(throws: DatabaseError.self) {
                    try await Self.value(Self.isEncrypted, try cluster.address(host, options: "?sslmode=\(mode)"))
                }
                #expect(error?.kind == .unavailable, "\(mode)")
            }
        }
    }

    @Test func certificatesSocketsAndSeveralHosts() async throws {
        try await PostgresCluster.with(tls: true) { cluster in
            let folder = cluster.folder.path
            let certificate = try cluster.address(
                user: "certified", options: "?sslmode=require&sslcert=\(folder)/client.crt&sslkey=\(folder)/client.key")
            #expect(try await Self.value("SELECT CAST(current_user AS TEXT) AS value", certificate) == "certified")

            let socket = try cluster.address(cluster.socket.replacing("/", with: "%2F"))
            #expect(
                try await Self.value("SELECT COALESCE(CAST(inet_server_addr() AS TEXT), 'none') AS value", socket)
                    == "none")

            let several = try cluster.address(
                "127.0.0.1:9,127.0.0.1",
                options: "?target_session_attrs=read-write&application_name=test-name&connect_timeout=2")
            #expect(try await Self.value("SHOW application_name", several, named: "application_name") == "test-name")
            let usual = try cluster.address()
            #expect(try await Self.value("SHOW application_name", usual, named: "application_name") == "neuroai")
            let standby = try cluster.address(options: "?target_session_attrs=standby")
            await #expect(throws: DatabaseError.self) { try await Self.value(Self.isEncrypted, standby) }
        }
    }

    private static func value(_ query: SQL, _ address: PostgresAddress, named name: String) async throws -> String {
        let database = PostgresDatabase(address: address, limits: DatabaseLimits(connections: 1))
        let row = try await database.read { try $0.queryOne(query) }
        try await database.close()
        return try #require(row).get(name)
    }

    @Test func timeLimitsEndStatementsLocksAndIdleTransactions() async throws {
        try await PostgresServer.withFreshDatabase { address in
            var limits = DatabaseLimits(connections: 2)
            limits.statementTimeout = .milliseconds(600)
            limits.lockTimeout = .milliseconds(200)
            limits.idleInTransactionTimeout = .milliseconds(300)
            let database = PostgresDatabase(address: address, limits: limits)
            try await database.write { connection in
                try connection.executeScript("CREATE TABLE t (id BIGINT); INSERT INTO t VALUES (1)")
                // A migration has no limit.
                try connection.executeScript("SET LOCAL statement_timeout = 0; SELECT pg_sleep(1)")
            }
            let slow = await #expect(throws: DatabaseError.self) {
                try await database.read { _ = try $0.execute("SELECT pg_sleep(20)") }
            }
            #expect(slow?.kind == .busy)
            // Held until the other transaction has given up.
            let (locks, lock) = AsyncStream.makeStream(of: Void.self)
            let release = DispatchSemaphore(value: 0)
            let patient = PostgresDatabase(address: address, limits: DatabaseLimits(connections: 1))
            let holder = Task {
                try await patient.write { connection in
                    try connection.execute("UPDATE t SET id = id")
                    lock.finish()
                    release.wait()
                }
            }
            for await _ in locks {}
            let locked = await #expect(throws: DatabaseError.self) {
                try await database.write { _ = try $0.execute("UPDATE t SET id = 3") }
            }
            #expect(locked?.kind == .busy)
            release.signal()
            try await holder.value
            try await patient.close()
            // It does nothing for a second, so the server ends it. Its COMMIT is not repeated.
            let idle = await #expect(throws: DatabaseError.self) {
                try await database.write { connection in
                    try connection.execute("UPDATE t SET id = 2")
                    Thread.sleep(forTimeInterval: 1)
                }
            }
            #expect(idle?.kind == .unavailable)
            let row = try await database.read { try $0.queryOne("SELECT id FROM t") }
            #expect(try row?.get("id") == 1)
            try await database.close()
        }
    }

    @Test func aFullPoolSaysSo() async throws {
        try await PostgresServer.withFreshDatabase { address in
            var limits = DatabaseLimits(connections: 1)
            limits.queueTimeout = .milliseconds(200)
            let database = PostgresDatabase(address: address, limits: limits)
            let release = DispatchSemaphore(value: 0)
            let holder = Task { try await database.read { _ in release.wait() } }
            try #require(await eventually { database.load.busy > 0 })
            let error = await #expect(throws: DatabaseError.self) {
                try await database.read { _ = try $0.execute("SELECT 1") }
            }
            #expect(error?.kind == .busy)
            #expect(error?.message.contains("DATABASE_POOL_SIZE") == true)
            release.signal()
            try await holder.value
            try await database.close()
        }
    }

    @Test(arguments: TestDatabase.all) func aBatchIsOneTransaction(_ kind: TestDatabase) async throws {
        try await kind.with(migrated: false) { database in
            try await database.write { try $0.executeScript("CREATE TABLE t (id BIGINT PRIMARY KEY)") }
            let counts = try await database.write { connection in
                try connection.executeAll((0..<300).map { "INSERT INTO t (id) VALUES (\($0))" })
                    + connection.executeAll([
                        "UPDATE t SET id = id WHERE id < \(5)", "DELETE FROM t WHERE id = \(1000)",
                    ])
            }
            #expect(counts == Array(repeating: 1, count: 300) + [5, 0])
            let error = await #expect(throws: DatabaseError.self) {
                try await database.write { connection in
                    try connection.executeAll([400, 401, 5, 402].map { "INSERT INTO t (id) VALUES (\($0))" })
                }
            }
            #expect(error?.kind == .uniqueViolation)
            let row = try await database.read { try $0.queryOne("SELECT COUNT(*) AS number FROM t") }
            #expect(try row?.get("number") == 300)
        }
    }
}
