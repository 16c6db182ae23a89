import Basics
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Storage

@Suite struct SchemaDriftTests {
    @Test(arguments: TestDatabase.all) func tellsWhichStepsHaveNotRun(_ kind: TestDatabase) async throws {
        try await kind.with(migrated: false) { database in
            #expect(try await Migrator.pending(database).count == Migration.all.count)
            try await Migrator.migrate(database, to: Array(Migration.all.dropLast()))
            #expect(try await Migrator.pending(database).map(\.number) == [Migration.all.last?.number])
            try await Migrator.migrate(database)
            #expect(try await Migrator.pending(database).isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all) func findsWhatWasChangedByHand(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            #expect(try await SchemaDrift.find(in: database) == [])
            try await database.write { connection in
                try connection.executeScript("ALTER TABLE users ADD COLUMN stray TEXT; DROP TABLE workers;")
            }
            let found = try await SchemaDrift.find(in: database)
            #expect(found.contains("users.stray is in no migration") && found.contains("workers.beat_at is missing"))
        }
    }

    @Test func aPoolTellsHowBusyItIs() async throws {
        let pool = ThreadPool(name: "test", threads: 2) {}
        let gate = DispatchSemaphore(value: 0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3 { group.addTask { try? await pool.run { gate.wait() } } }
            // The pool's threads may have to wait for a core while other tests run.
            #expect(
                await eventually(within: .seconds(120)) { pool.load == PoolLoad(places: 2, busy: 2, waiting: 1) })
            for _ in 0..<3 { gate.signal() }
        }
    }
}
