import Features
import Foundation
import Imaging
import Kernel
import Storage
import TestSupport
import Testing

/// A small clinic in one folder: a database, a file store and a doctor with phantom cases.
struct CrashFixture {
    let database: any Database
    private let blobs: DiskBlobStore
    private let folder: URL
    private let doctor: Scope
    private let audit: AuditService

    init(_ folder: URL) async throws {
        self.folder = folder
        database = try SQLiteDatabase(path: folder.appendingPathComponent("db.sqlite3").path)
        blobs = try DiskBlobStore(root: folder.appendingPathComponent("media"))
        audit = AuditService(database: database)
        try await Migrator.migrate(database)
        let institution = InstitutionID.default
        let doctor = Scope(institution: institution, user: ID(), role: .doctor)
        self.doctor = doctor
        try await database.write { connection in
            try connection.execute(
                """
                INSERT INTO users (id, institution_id, email, password_hash, first_name, last_name, role, created_at,
                    updated_at)
                VALUES (\(doctor.user), \(doctor.institution), 'ada@example.org', '', 'Ada', 'Example', 'doctor', 0, 0)
                """)
        }
    }

    /// The workers' log output.
    var journal: String {
        (try? String(contentsOf: folder.appendingPathComponent("worker.log"), encoding: .utf8)) ?? ""
    }

    func worker(
        _ id: WorkerID, after predecessor: WorkerID?, arguments: [String] = [], environment: [String: String] = [:]
    ) throws -> RunningProgram {
        try Program.start(
            ["worker", "--id", id.string] + (predecessor.map { ["--predecessor", $0.string] } ?? [])
                + arguments,
            environment: [
                "DATABASE_URL": "sqlite:///" + folder.appendingPathComponent("db.sqlite3").path,
                "MEDIA_ROOT": folder.appendingPathComponent("media").path, "LOG_ROOT": "-",
            ].merging(environment) { $1 },
            log: folder.appendingPathComponent("worker.log"))
    }

    private var service: SegmentationService {
        SegmentationService(
            database: database, audit: audit, contents: .all,
            models: InstalledModels(list: { [] }, defaultModel: { nil }))
    }

    /// A case with one series and a queued segmentation.
    func startedTask(series: Data = HeadPhantom.nifti()) async throws -> InferenceTask {
        let cases = CasesService(database: database, audit: audit, contents: .all)
        var form = CaseForm()
        form[.patientID] = .value("phantom")
        form[.age] = .value(50)
        form[.sex] = .value("F")
        let item = try await cases.create(doctor, form)
        try await add(series, to: item.id)
        return try await service.start(doctor, case: item.id)
    }

    private func add(_ series: Data, to id: CaseID) async throws {
        let images = ImagesService(database: database, blobs: blobs, audit: audit, contents: .all, inspector: .nifti())
        var file = try await images.receive(limit: 1 << 30)
        try await file.append(Array(series))
        _ = try await images.add(
            doctor, case: id, modality: .flair, filename: "flair.nii", file: try await file.finish())
    }

    func task(_ id: ID<InferenceTask>) async throws -> InferenceTask { try await service.get(doctor, id) }

    func resultID(of task: InferenceTask) async throws -> String {
        try #require(try await service.result(doctor, of: task.id)).id.string
    }

    func wait(
        for id: ID<InferenceTask>, within time: Duration, until condition: (InferenceTask) -> Bool
    ) async throws {
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end {
            if condition(try await task(id)) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("the task is not where it should be: \(journal)")
    }

    /// Returns when no job is queued or running.
    func waitUntilIdle(within time: Duration) async throws {
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end {
            if try await count("jobs WHERE finished_at IS NULL") == 0 { return }
            try await Task.sleep(for: .milliseconds(200))
        }
        Issue.record("jobs are left: \(journal)")
    }

    /// The number of rows in a table, optionally filtered.
    func count(_ part: String) async throws -> Int {
        try await database.read { try $0.query("SELECT 1 AS one FROM \(raw: part)").count }
    }

    /// The job classes of each worker that has sent a heartbeat.
    func served() async throws -> [String] {
        try await database.read { connection in
            try connection.query("SELECT classes FROM workers ORDER BY classes").map { try $0.get("classes") }
        }
    }

    /// Every task is completed, with exactly one result and one report.
    func checkResults(of tasks: [InferenceTask]) async throws {
        for task in tasks {
            let done = try await self.task(task.id)
            #expect(done.status == .completed, "\(done.errorMessage ?? "") \(journal)")
            #expect(try await count("results WHERE task_id = '\(task.id)'") == 1)
            let result = try #require(try await service.result(doctor, of: task.id))
            #expect(try await count("reports WHERE result_id = '\(result.id)'") == 1)
            for file in result.files {
                #expect(try await blobs.bytes(file.blob).count == Int(file.size))
            }
        }
        // Otherwise every kill missed a running job.
        #expect(try await count("jobs WHERE losses > 0") > 0)
        #expect(try await count("results") == tasks.count)
        #expect(try await count("reports") == tasks.count)
        #expect(try await count("audit_entries WHERE action = 'inference.complete'") == tasks.count)
    }
}
