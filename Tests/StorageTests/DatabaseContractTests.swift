import Foundation
import Storage
import TestSupport
import Testing

/// The contract of both databases.
@Suite struct DatabaseContractTests {
    private static let table = """
        CREATE TABLE parents (id TEXT NOT NULL PRIMARY KEY);
        CREATE TABLE things (
            id BIGINT NOT NULL PRIMARY KEY,
            name TEXT CONSTRAINT ck_things_name CHECK (length(name) < 10),
            weight DOUBLE PRECISION,
            is_on INTEGER NOT NULL DEFAULT 0,
            parent_id TEXT REFERENCES parents (id) ON DELETE CASCADE,
            CONSTRAINT uq_things_name_weight UNIQUE (name, weight)
        );
        """

    private func withTable(
        _ kind: TestDatabase, _ body: @escaping @Sendable (any Database) async throws -> Void
    ) async throws {
        try await kind.with(migrated: false) { database in
            try await database.write { try $0.executeScript(Self.table) }
            try await body(database)
        }
    }

    @Test(arguments: TestDatabase.all) func valuesComeBackAsTheyWent(_ kind: TestDatabase) async throws {
        try await withTable(kind) { database in
            let text = "é😀'\"\\$1?"
            try await database.write { connection in
                try connection.execute(
                    "INSERT INTO things (id, name, weight, is_on) VALUES (\(Int64.max), \(text), \(0.1 + 0.2), \(true))"
                )
                try connection.execute("INSERT INTO things (id) VALUES (\(Int64.min))")
            }
            let rows = try await database.read { try $0.query("SELECT * FROM things ORDER BY id DESC") }
            #expect(rows.count == 2)
            #expect(try rows[0].get("id") == Int64.max)
            #expect(try rows[0].get("name") == text)
            #expect(try rows[0].get("weight", as: Double.self) == 0.1 + 0.2)
            #expect(try rows[0].get("is_on") == true)
            #expect(try rows[1].get("id") == Int64.min)
            #expect(try rows[1].optional("name", as: String.self) == nil)
            #expect(try rows[1].optional("weight", as: Double.self) == nil)
            let sum = try await database.read {
                try $0.queryOne("SELECT SUM(is_on) AS total, COUNT(*) AS number, AVG(weight) AS mean FROM things")
            }
            #expect(try sum?.get("total") == 1)
            #expect(try sum?.get("number") == 2)
            #expect(try sum?.get("mean", as: Double.self) == 0.1 + 0.2)
        }
    }

    @Test(arguments: TestDatabase.all) func countsRowsAndReturnsThem(_ kind: TestDatabase) async throws {
        try await withTable(kind) { database in
            try await database.write { connection in
                for id in 1...3 { #expect(try connection.execute("INSERT INTO things (id) VALUES (\(id))") == 1) }
                #expect(try connection.execute("UPDATE things SET is_on = 1 WHERE id > \(1)") == 2)
                #expect(try connection.execute("DELETE FROM things WHERE id = \(99)") == 0)
                let changed = try connection.query("UPDATE things SET name = \("x") WHERE id = \(3) RETURNING id, name")
                #expect(changed.count == 1)
                #expect(try changed.first?.get("id") == 3)
                #expect(try changed.first?.get("name") == "x")
            }
        }
    }

    @Test(arguments: TestDatabase.all) func aThrownErrorRollsBack(_ kind: TestDatabase) async throws {
        struct Stop: Error {}
        try await withTable(kind) { database in
            await #expect(throws: Stop.self) {
                try await database.write { connection in
                    try connection.execute("INSERT INTO things (id) VALUES (1)")
                    throw Stop()
                }
            }
            let rows = try await database.read { try $0.query("SELECT id FROM things") }
            #expect(rows.isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all) func readingCannotWrite(_ kind: TestDatabase) async throws {
        try await withTable(kind) { database in
            await #expect(throws: DatabaseError.self) {
                try await database.read { _ = try $0.execute("INSERT INTO things (id) VALUES (1)") }
            }
        }
    }

    @Test(arguments: TestDatabase.all) func brokenRulesAreNamedAlike(_ kind: TestDatabase) async throws {
        try await withTable(kind) { database in
            try await database.write { connection in
                try connection.execute("INSERT INTO things (id, name, weight) VALUES (1, \("a"), \(1.5))")
            }
            func failure(_ statement: SQL) async throws -> DatabaseError {
                try #require(
                    await #expect(throws: DatabaseError.self) {
                        try await database.write { _ = try $0.execute(statement) }
                    })
            }
            let unique = try await failure("INSERT INTO things (id, name, weight) VALUES (2, \("a"), \(1.5))")
            #expect(unique.kind == .uniqueViolation)
            #expect(unique.constraint == "uq_things_name_weight")
            #expect(try await failure("INSERT INTO things (id) VALUES (1)").kind == .uniqueViolation)
            let check = try await failure("INSERT INTO things (id, name) VALUES (3, \("Jane Patient-Name"))")
            #expect(check.kind == .checkViolation)
            #expect(check.constraint == "ck_things_name")
            #expect(!check.description.contains("Jane"))
            let foreign = try await failure("INSERT INTO things (id, parent_id) VALUES (4, \("none"))")
            #expect(foreign.kind == .foreignKeyViolation)
            #expect(try await failure("INSERT INTO things (id, is_on) VALUES (5, NULL)").kind == .notNullViolation)
            #expect(try await failure("INSERT INTO things (id, name) VALUES (6, \("a\u{0}b"))").kind == .invalidValue)
            #expect(try await failure("INSERT INTO nowhere (id) VALUES (1)").kind == .statement)
        }
    }

    @Test(arguments: TestDatabase.all) func errorsDoNotQuoteData(_ kind: TestDatabase) async throws {
        try await withTable(kind) { database in
            try await database.write { connection in
                try connection.execute("INSERT INTO things (id, name, weight) VALUES (1, \("SECRET"), \(1.0))")
            }
            for statement: SQL in [
                "INSERT INTO things (id, name, weight) VALUES (2, \("SECRET"), \(1.0))",
                "INSERT INTO things (id, parent_id) VALUES (3, \("SECRET"))",
                "SELECT CAST(name AS BIGINT) / \(0) FROM things WHERE name = \("SECRET") AND nothing = 1",
            ] {
                let error = await #expect(throws: DatabaseError.self) {
                    try await database.write { _ = try $0.execute(statement) }
                }
                #expect(error?.description.contains("SECRET") == false)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func concurrentWritersLoseNothing(_ kind: TestDatabase) async throws {
        try await withTable(kind) { database in
            try await database.write { _ = try $0.execute("INSERT INTO things (id, weight) VALUES (1, 0)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<40 {
                    group.addTask {
                        try await database.write { _ = try $0.execute("UPDATE things SET weight = weight + 1") }
                    }
                }
                try await group.waitForAll()
            }
            let row = try await database.read { try $0.queryOne("SELECT weight FROM things") }
            #expect(try row?.get("weight", as: Double.self) == 40)
        }
    }

    @Test(arguments: TestDatabase.all) func oneOfManyClaimsARow(_ kind: TestDatabase) async throws {
        try await withTable(kind) { database in
            try await database.write { _ = try $0.execute("INSERT INTO things (id) VALUES (1)") }
            let claimed = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await database.write { connection in
                            try connection.query(
                                """
                                UPDATE things SET is_on = 1
                                WHERE id = (SELECT id FROM things WHERE is_on = 0 ORDER BY id LIMIT 1) AND is_on = 0
                                RETURNING id
                                """
                            ).count
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(claimed == 1)
        }
    }

    @Test(arguments: TestDatabase.all) func aDeadlockIsBegunAgain(_ kind: TestDatabase) async throws {
        try await withTable(kind) { database in
            try await database.write { connection in
                for id in 1...2 { try connection.execute("INSERT INTO things (id, weight) VALUES (\(id), 0)") }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for order in [[1, 2], [2, 1]] {
                    group.addTask {
                        try await database.write { connection in
                            try connection.execute("UPDATE things SET weight = weight + 1 WHERE id = \(order[0])")
                            Thread.sleep(forTimeInterval: 0.2)
                            try connection.execute("UPDATE things SET weight = weight + 1 WHERE id = \(order[1])")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let rows = try await database.read { try $0.query("SELECT weight FROM things") }
            #expect(try rows.map { try $0.get("weight", as: Double.self) } == [2, 2])
        }
    }

    @Test(arguments: TestDatabase.all) func aSwallowedFailureIsNotCommitted(_ kind: TestDatabase) async throws {
        try await withTable(kind) { database in
            try? await database.write { connection in
                try connection.execute("INSERT INTO things (id) VALUES (1)")
                try? connection.executeScript("INSERT INTO things (id) VALUES (1)")
            }
            let rows = try await database.read { try $0.query("SELECT id FROM things") }
            #expect(rows.isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all) func aClosedDatabaseSaysSo(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            try await database.close()
            let error = await #expect(throws: DatabaseError.self) {
                try await database.read { _ = try $0.query("SELECT 1 AS one") }
            }
            #expect(error?.kind == .unavailable)
        }
    }

    /// PostgreSQL rejects further statements in a transaction after one has failed, so later reads would return
    /// nothing.
    @Test(arguments: TestDatabase.all.filter { $0 == .postgres })
    func aSwallowedFailureOfAReadShowsItself(_ kind: TestDatabase) async throws {
        try await withTable(kind) { database in
            let error = await #expect(throws: DatabaseError.self) {
                try await database.read { _ = try? $0.query("SELECT 1 / 0 AS none") }
            }
            #expect(error != nil)
            let rows = try await database.read { try $0.query("SELECT id FROM things") }
            #expect(rows.isEmpty)
        }
    }
}

/// Behaviour specific to one of the databases.
@Suite struct DatabaseFaultTests {
    @Test func aServerThatIsAwayIsNamed() async throws {
        guard case .postgres(let address) = try DatabaseURL("postgresql://me:secret@127.0.0.1:9/none") else { return }
        let database = PostgresDatabase(address: address, limits: DatabaseLimits(connections: 1))
        let error = await #expect(throws: DatabaseError.self) {
            try await database.read { _ = try $0.query("SELECT 1 AS one") }
        }
        #expect(error?.kind == .unavailable)
        #expect(error?.message.contains("127.0.0.1:9") == true)
        #expect(error?.message.contains("secret") == false)
    }

    @Test func aLostConnectionIsOpenedAgain() async throws {
        try await PostgresServer.withFreshDatabase { address in
            let database = PostgresDatabase(address: address, limits: DatabaseLimits(connections: 1))
            let other = PostgresDatabase(address: address, limits: DatabaseLimits(connections: 1))
            func process() async throws -> Int {
                let row = try await database.read { try $0.queryOne("SELECT pg_backend_pid() AS pid") }
                return try #require(row).get("pid")
            }
            let first = try await process()
            _ = try await other.write { try $0.query("SELECT pg_terminate_backend(\(first)::int) AS ended") }
            let second = try await process()
            #expect(second != first)
            try await database.close()
            try await other.close()
        }
    }

    @Test func manyDifferentStatementsAreDropped() async throws {
        try await TestDatabase.postgres.with(migrated: false) { database in
            try await database.write { connection in
                for count in 1...600 {
                    let row = try connection.queryOne("SELECT \(count) + \(raw: String(count)) AS sum")
                    #expect(try row?.get("sum") == count * 2)
                }
                let row = try connection.queryOne("SELECT COUNT(*) AS number FROM pg_prepared_statements")
                #expect(try (row?.get("number", as: Int.self) ?? 0) <= 257)
            }
        }
    }

    @Test func theFileIsItsOwnersAlone() async throws {
        try await TemporaryFolder.with { folder in
            let path = folder.appendingPathComponent("test.sqlite3").path
            let database = try SQLiteDatabase(path: path)
            try await database.write { try $0.executeScript("CREATE TABLE t (id TEXT)") }
            for suffix in ["", "-wal"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: path + suffix)
                #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
            }
        }
    }

    @Test func theURLChoosesTheDatabase() async throws {
        try await TemporaryFolder.with { folder in
            let url = try DatabaseURL("sqlite:///\(folder.appendingPathComponent("x.sqlite3").path)")
            #expect(try Databases.open(url) is SQLiteDatabase)
        }
        #expect(try Databases.open(try DatabaseURL("postgresql://me@127.0.0.1:9/x")) is PostgresDatabase)
    }

    @Test func aMissingFolderIsNamedAndNotCreated() async throws {
        try await TemporaryFolder.with { folder in
            let missing = folder.appendingPathComponent("none").path
            let error = #expect(throws: DatabaseError.self) { try SQLiteDatabase(path: missing + "/x.sqlite3") }
            #expect(error?.message == "The folder \(missing) of DATABASE_URL does not exist.")
            #expect(!FileManager.default.fileExists(atPath: missing))
        }
    }

    @Test func aFolderIsNoDatabase() throws {
        #expect(throws: DatabaseError.self) { try SQLiteDatabase(path: "/proc/none/x.sqlite3") }
    }
}
