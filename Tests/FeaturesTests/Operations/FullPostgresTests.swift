import Basics
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// A PostgreSQL with a full disk (SQLSTATE 53100) is handled like SQLite on a full disk. A trigger raises the error,
/// since no test can fill the server's disk.
@Suite struct FullPostgresTests {
    private static let fullWorkers = """
        CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100';
        END
        $$;
        CREATE TRIGGER tr_workers_full BEFORE INSERT ON workers FOR EACH ROW EXECUTE FUNCTION no_room();
        """

    private static func with(_ body: @escaping @Sendable (FeaturesFixture) async throws -> Void) async throws {
        try await FeaturesFixture.with(.postgres) { clinic in
            try await clinic.database.write { try $0.executeScript(fullWorkers) }
            try await body(clinic)
        }
    }

    /// A write that fails on a full disk.
    private static func write(_ database: any Database) async throws {
        let row = WorkerRow(id: WorkerID(), version: "test", startedAt: .now, beatAt: .now, model: nil)
        try await database.write { try OperationsStore($0).heartbeat(row) }
    }

    @Test func aWriteSaysThatTheDiskIsFull() async throws {
        try await Self.with { clinic in
            let error = try #require(
                await #expect(throws: DatabaseError.self) { try await Self.write(clinic.database) })
            #expect(error.kind == .diskFull)
            #expect(AppError.isDiskFull(error))
            let told = AppError.wrapping(error)
            #expect(told.code == .unavailable && told.message.contains("disk is full"), "\(told)")
        }
    }

    @Test func healthSaysFullWhileReadingGoesOn() async throws {
        try await Self.with { clinic in
            let model = ModelIdentity(name: "stand-in", version: "1.0", digest: String(repeating: "a", count: 64))
            let service = OperationsService(
                database: clinic.database, blobs: clinic.blobs,
                models: InstalledModels(list: { [] }, defaultModel: { model }), reuse: .zero)
            let report = await service.health()
            #expect(report.components[.database] == "full", "\(report)")
            #expect(report.components[.queue] == HealthReport.healthy, "\(report)")
        }
    }

    @Test func aJobWaitsUntilThereIsRoom() async throws {
        try await Self.with { clinic in
            let fixture = JobFixture(database: clinic.database)
            let id = try await fixture.enqueue()
            let runner = fixture.runner(ScriptedJob { _, _ in try await Self.write(clinic.database) })
            #expect(try await runner.workOnce())
            let state = try #require(try await fixture.state(id))
            #expect(state.status == .pending && state.attempt == 0)
            #expect(state.progress.step == "Waiting: the server's disk is full")
        }
    }
}
