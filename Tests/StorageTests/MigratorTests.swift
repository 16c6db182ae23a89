import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite struct MigratorTests {
    /// Tables with their columns, types and nullability, in one notation for both databases.
    private static func schema(_ database: any Database, _ kind: TestDatabase) async throws -> [String] {
        let columns: SQL =
            switch kind {
            case .sqlite:
                """
                SELECT m.name AS table_name, p.name AS column_name, upper(p.type) AS kind,
                    CASE WHEN p."notnull" = 1 THEN 1 ELSE 0 END AS required
                FROM sqlite_master m JOIN pragma_table_info(m.name) p
                WHERE m.type = 'table' AND m.name <> 'notifications'
                """
            case .postgres:
                """
                SELECT table_name::text, column_name::text, upper(data_type::text) AS kind,
                    CASE WHEN is_nullable = 'NO' THEN 1 ELSE 0 END AS required
                FROM information_schema.columns WHERE table_schema = 'public'
                """
            }
        let rows = try await database.read { try $0.query(columns) }
        return try rows.map { row in
            let names = try "\(row.get("table_name", as: String.self)).\(row.get("column_name", as: String.self))"
            return try "\(names) \(row.get("kind", as: String.self)) \(row.get("required", as: Int.self))"
        }.sorted()
    }

    private static func indices(_ database: any Database, _ kind: TestDatabase) async throws -> [String] {
        let names: SQL =
            switch kind {
            case .sqlite: "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'ix!_%' ESCAPE '!'"
            case .postgres: "SELECT indexname::text AS name FROM pg_indexes WHERE indexname LIKE 'ix!_%' ESCAPE '!'"
            }
        let rows = try await database.read { try $0.query(names) }
        return try rows.map { try $0.get("name", as: String.self) }.sorted()
    }

    @Test func bothDatabasesHoldTheSameSchema() async throws {
        let postgres = try await TestDatabase.postgres.with { database in
            [try await Self.schema(database, .postgres), try await Self.indices(database, .postgres)]
        }
        let sqlite = try await TestDatabase.sqlite.with { database in
            [try await Self.schema(database, .sqlite), try await Self.indices(database, .sqlite)]
        }
        #expect(sqlite[0].count > 80)
        #expect(sqlite == postgres)
    }

    @Test(arguments: TestDatabase.all) func runningAgainChangesNothing(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let before = try await Self.schema(database, kind)
            try await Migrator.migrate(database)
            #expect(try await Self.schema(database, kind) == before)
            let rows = try await database.read { try $0.query("SELECT number FROM schema_migrations ORDER BY number") }
            #expect(try rows.map { try $0.get("number", as: Int.self) } == Migration.all.map(\.number))
        }
    }

    /// Ten servers start together on an empty database, and on one that is behind; each has connections of its own.
    @Test(arguments: TestDatabase.all, [0, 20])
    func tenServersMigrateOnce(_ kind: TestDatabase, _ applied: Int) async throws {
        let slow = Migration(
            number: (Migration.all.map(\.number).max() ?? 0) + 1, name: "slow",
            script: """
                CREATE TABLE slow (id BIGINT NOT NULL);
                -- SQLite only:
                INSERT INTO slow WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT i FROM n;
                DELETE FROM slow WHERE id > 1;
                -- PostgreSQL only:
                INSERT INTO slow SELECT 1; SELECT pg_sleep(1);
                -- Both:
                """)
        try await kind.withPlace { open in
            if applied > 0 {
                let first = try open()
                try await Migrator.migrate(first, to: Array(Migration.all.prefix(applied)))
                try await first.close()
            }
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        let own = try open()
                        let ran = try await Migrator.migrate(own, to: Migration.all + [slow])
                        try await own.close()
                        return ran.count
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(counts.filter { $0 > 0 } == [Migration.all.count + 1 - applied])
            let last = try open()
            let row = try await last.read { connection in
                try connection.queryOne(
                    "SELECT (SELECT COUNT(*) FROM slow) AS slow, (SELECT COUNT(*) FROM schema_migrations) AS steps")
            }
            #expect(try row?.get("slow") == 1)
            #expect(try row?.get("steps") == Migration.all.count + 1)
            try await last.close()
        }
    }

    @Test(arguments: TestDatabase.all) func aNewerDatabaseIsRefused(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let error = await #expect(throws: DatabaseError.self) {
                try await Migrator.migrate(database, to: Array(Migration.all.dropLast()))
            }
            #expect(error?.kind == .schema)
            #expect(error?.message.contains("newer") == true)
        }
    }

    @Test(arguments: TestDatabase.all) func aChangedStepIsRefused(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            var steps = Migration.all
            steps[0] = Migration(number: 1, name: "core", script: "SELECT 1")
            let changed = steps
            let error = await #expect(throws: DatabaseError.self) { try await Migrator.migrate(database, to: changed) }
            #expect(error?.kind == .schema)
        }
    }

    @Test(arguments: TestDatabase.all) func aFailingStepLeavesNothing(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let broken = Migration(
                number: (Migration.all.map(\.number).max() ?? 0) + 1, name: "broken",
                script: "CREATE TABLE half (id TEXT); CREATE TABLE half (id TEXT);")
            await #expect(throws: DatabaseError.self) {
                try await Migrator.migrate(database, to: Migration.all + [broken])
            }
            let error = await #expect(throws: DatabaseError.self) {
                try await database.read { _ = try $0.query("SELECT id FROM half") }
            }
            #expect(error?.kind == .statement)
        }
    }

    @Test(arguments: TestDatabase.all) func jobsFromBeforeGetTheClassOfTheirKind(_ kind: TestDatabase) async throws {
        try await kind.with(migrated: false) { database in
            try await Migrator.migrate(database, to: Migration.all.filter { $0.number < 21 })
            let kinds = ["score-mask", "segment-case", "write-report"]
            try await database.write { connection in
                for kind in kinds {
                    try connection.execute(
                        """
                        INSERT INTO jobs
                            (id, institution_id, kind, parameters, status, max_attempts, run_after, created_at)
                        SELECT \(UUID().uuidString.lowercased()), id, \(kind), '{}', 'pending', 3, 0, 0
                        FROM institutions
                        """)
                }
                try connection.execute(
                    "INSERT INTO workers (id, version, started_at, beat_at) VALUES ('w', '1.0', 0, 0)")
            }
            try await Migrator.migrate(database, to: Migration.all.filter { $0.number <= 21 })
            let (classes, served) = try await database.read { connection in
                let jobs = try connection.query("SELECT class FROM jobs ORDER BY kind")
                return (
                    try jobs.map { try $0.get("class", as: String.self) },
                    try connection.queryOne("SELECT classes FROM workers")?.get("classes", as: String.self)
                )
            }
            #expect(classes == ["interactive", "imaging", "interactive"])
            #expect(served == "interactive,imaging")
            let error = await #expect(throws: DatabaseError.self) {
                try await database.write { _ = try $0.execute("UPDATE jobs SET class = 'urgent'") }
            }
            #expect(error?.kind == .checkViolation)
        }
    }

    @Test func numbersRise() {
        let numbers = Migration.all.map(\.number)
        #expect(numbers == Set(numbers).sorted())
    }

    @Test func aStepMayHavePartsForOneDatabase() {
        let step = Migration(
            number: 1, name: "x",
            script: "a\n-- SQLite only:\nb\n-- PostgreSQL only:\nc\n-- Both:\nd")
        #expect(step.script(for: .sqlite) == "a\nb\nd")
        #expect(step.script(for: .postgres) == "a\nc\nd")
    }
}
