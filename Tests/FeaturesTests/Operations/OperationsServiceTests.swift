import Basics
import Foundation
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct OperationsServiceTests {
    private static let model = ModelIdentity(
        name: "stand-in", version: "1.0", digest: String(repeating: "a", count: 64))

    private static func service(
        _ clinic: FeaturesFixture, model: ModelIdentity? = model, blobs: (any BlobStore)? = nil,
        limit: Duration = .seconds(5)
    ) -> OperationsService {
        OperationsService(
            database: clinic.database, blobs: blobs ?? clinic.blobs,
            models: InstalledModels(list: { [] }, defaultModel: { model }), reuse: .zero, limit: limit)
    }

    private static func presence(
        _ clinic: FeaturesFixture, _ worker: WorkerID, model: WorkerPresence.LoadedModel? = nil
    ) -> WorkerPresence {
        WorkerPresence(
            database: clinic.database, worker: worker, version: "test", logger: JobFixture.logger, model: { model })
    }

    @Test(arguments: TestDatabase.all) func aSoundInstallationIsHealthyAndKeepsNoTestFile(_ kind: TestDatabase)
        async throws
    {
        try await FeaturesFixture.with(kind) { clinic in
            let report = await Self.service(clinic).health()
            #expect(report.isHealthy, "\(report)")
            #expect(Set(report.components.keys) == Set(HealthReport.Component.allCases))
            let files = try await clinic.storedFiles()
            #expect(files.isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all) func jobsThatWaitWithoutAWorkerAreAFault(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let jobs = JobFixture(database: clinic.database)
            try await jobs.enqueue()
            #expect(await Self.service(clinic).health().isHealthy, "a fresh job may wait")
            try await jobs.enqueue(at: .now.advanced(by: .seconds(-60)))
            #expect(await Self.service(clinic).health().components[.queue] != HealthReport.healthy)

            let presence = Self.presence(clinic, WorkerID())
            let beating = Task { await presence.run() }
            #expect(await eventually { await Self.service(clinic).health().isHealthy })
            beating.cancel()
            await beating.value
            #expect(try await clinic.count("workers") == 0, "a worker that stops takes its row away")
        }
    }

    @Test(arguments: TestDatabase.all) func aModelMayLieElsewhereWithAWorkerOnly(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let service = Self.service(clinic, model: nil)
            #expect(await service.health().components[.model] == "no valid model package")
            let loaded = WorkerPresence.LoadedModel(identity: Self.model, loadSeconds: 1.5)
            let row = WorkerRow(id: WorkerID(), version: "test", startedAt: .now, beatAt: .now, model: loaded)
            try await clinic.database.write { try OperationsStore($0).heartbeat(row) }
            #expect(await service.health().isHealthy)
            #expect(await service.numbers().rows?.workers == [row])

            let silent = WorkerRow(
                id: row.id, version: "test", startedAt: row.startedAt, beatAt: .now.advanced(by: .seconds(-90_000)),
                model: loaded)
            try await clinic.database.write { try OperationsStore($0).heartbeat(silent) }
            #expect(await service.health().components[.model] != HealthReport.healthy)
            try await service.forgetDeadWorkers()
            #expect(try await clinic.count("workers") == 0)
        }
    }

    @Test func aStoreThatCannotBeWrittenAndAPartThatHangsAreFaults() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let service = Self.service(clinic, blobs: FullBlobStore(), limit: .milliseconds(200))
            #expect(await service.health().components[.storage] == "unwritable")
            try await clinic.database.close()
            let report = await service.health()
            #expect(report.components[.database] == "unreachable" && report.components[.queue] == "unreadable")
            #expect(await service.numbers().rows == nil)
        }
    }

    @Test(arguments: TestDatabase.all) func aRunningJobThatNobodyIsHeardOfIsAFault(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let jobs = JobFixture(database: clinic.database)
            try await jobs.enqueue()
            let claim = try #require(try await jobs.queue().claim(by: WorkerID()))
            let worker = WorkerRow(id: WorkerID(), version: "test", startedAt: .now, beatAt: .now, model: nil)
            try await clinic.database.write { try OperationsStore($0).heartbeat(worker) }
            #expect(await Self.service(clinic).health().isHealthy)
            // As if its worker had stopped half a minute ago, while another one is alive.
            _ = try await jobs.queue().heartbeat(claim, .none, at: .now.advanced(by: .seconds(-30)))
            #expect(await Self.service(clinic).health().components[.queue] == "a running job has no heartbeat")
            try await jobs.queue().recoverExpired()
            #expect(await Self.service(clinic).health().isHealthy)
        }
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "no file system can be mounted here: run the tests as root"))
    func aFullDiskIsSeenOnTheDatabaseAndTheMedia() async throws {
        try await SmallDisk.with(megabytes: 16) { disk in
            let database = try SQLiteDatabase(path: disk.appendingPathComponent("db.sqlite3").path)
            try await Migrator.migrate(database)
            let blobs = try DiskBlobStore(root: disk.appendingPathComponent("media"))
            let service = OperationsService(
                database: database, blobs: blobs,
                models: InstalledModels(list: { [] }, defaultModel: { Self.model }), reuse: .zero)
            #expect(await service.health().isHealthy)
            let filler = try SmallDisk.fill(disk)
            // The write-ahead log has preallocated space, which the first writes use up.
            let jobs = JobFixture(database: database)
            let error = await #expect(throws: DatabaseError.self) {
                for _ in 0..<10_000 { try await jobs.enqueue() }
            }
            #expect(error?.kind == .diskFull)
            let report = await service.health()
            #expect(report.components[.database] == "full" && report.components[.storage] == "full", "\(report)")
            #expect(report.components[.queue] == HealthReport.healthy, "reading goes on: \(report)")
            try FileManager.default.removeItem(at: filler)
            #expect(await service.health().isHealthy)
            try await database.close()
        }
    }

    @Test(arguments: TestDatabase.all) func countsJobsByKindAndState(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let jobs = JobFixture(database: clinic.database)
            let old = Timestamp.now.advanced(by: .seconds(-30))
            try await jobs.enqueue(at: old)
            try await jobs.enqueue()
            try await jobs.enqueue(priority: 1)
            #expect(try await jobs.runner(ScriptedJob()).workOnce())
            let numbers = await Self.service(clinic).numbers()
            #expect(
                numbers.rows?.jobs == [JobCount(kind: "scripted", status: .pending, count: 2, oldest: old)],
                "the finished one is not counted")
            #expect(numbers.pool.places > 0)
        }
    }

    @Test(arguments: TestDatabase.all) func theProbeLeavesNothing(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            try await DatabaseProbe(database: clinic.database).run()
            #expect(try await clinic.count("workers") == 0)
        }
    }
}

/// Has no files.
private struct NoPartials: PartialBlobs {
    func begin(_ key: BlobKey) async throws {}
    func size(_ key: BlobKey) async throws -> Int64 { 0 }
    func open(_ key: BlobKey, at offset: Int64, limit: Int64) async throws -> (any PartialBlobWriter)? { nil }
    func complete(_ key: BlobKey) async throws -> StagedBlob { throw BlobError.missing }
    func remove(_ key: BlobKey) async {}
    func keys(writtenBefore time: Timestamp, after cursor: String?, limit: Int) async throws -> BlobKeyPage {
        BlobKeyPage(entries: [], next: nil)
    }
}

/// Rejects every file, but only after longer than any timeout.
private struct FullBlobStore: BlobStore {
    func stage(_ key: BlobKey, limit: Int64) async throws -> any BlobWriter {
        try await Task.sleep(for: .seconds(30))
        throw BlobError.fileSystem(ENOSPC)
    }
    func commit(_ staged: StagedBlob) async throws {}
    func withFile<T>(_ key: BlobKey, _ body: (URL) async throws -> T) async throws -> T { throw BlobError.missing }
    func withFile<T>(_ staged: StagedBlob, _ body: (URL) async throws -> T) async throws -> T {
        throw BlobError.missing
    }
    func read(_ key: BlobKey, range: Range<Int64>?) async throws -> AsyncThrowingStream<Data, any Error> {
        throw BlobError.missing
    }
    func size(_ key: BlobKey) async throws -> Int64 { throw BlobError.missing }
    func delete(_ key: BlobKey) async throws {}
    func keys(writtenBefore time: Timestamp, after cursor: String?, limit: Int) async throws -> BlobKeyPage {
        BlobKeyPage(entries: [], next: nil)
    }
    var partials: any PartialBlobs { NoPartials() }
}
