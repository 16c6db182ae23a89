import Basics
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Reports are composed and checked while no transaction is open: on SQLite it would block other writes.
@Suite struct ComposingTests {
    private static func finished(
        _ kind: TestDatabase, _ body: @escaping @Sendable (SegmentationFixture) async throws -> Void
    )
        async throws
    {
        try await SegmentationFixture.with(kind) { ward in
            _ = try await ward.service.start(ward.doctor, case: ward.caseID)
            _ = try await ward.runner().workOnce()
            try await body(ward)
        }
    }

    private static func result(_ ward: SegmentationFixture) async throws -> CaseResult {
        try #require(try await ward.service.latestResult(ward.doctor, case: ward.caseID))
    }

    /// The stand-in's result has no lesion count, so its report is rejected before anything is written.
    @Test(arguments: TestDatabase.all) func aDraftIsHeldBackBeforeATransactionBegins(_ kind: TestDatabase) async throws
    {
        try await Self.finished(kind) { ward in
            let database = WatchedDatabase(ward.database)
            let reports = ReportsService(database: database, audit: AuditService(database: ward.database))
            let error = await #expect(throws: AppError.self) {
                _ = try await reports.generate(ward.doctor, case: ward.caseID)
            }
            #expect(error?.code == .internalFault, "\(String(describing: error))")
            #expect(database.begun == 0)
            let reportCount = try await ward.count("reports")
            #expect(reportCount == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func theJobComposesBeforeATransactionBegins(_ kind: TestDatabase) async throws {
        try await Self.finished(kind) { ward in
            let job = WriteReportJob(database: ward.database)
            let parameters = WriteReportJob.Parameters(result: try await Self.result(ward).id)
            let error = await #expect(throws: AppError.self) {
                _ = try await job.run(parameters, control: JobControl(job: ID()))
            }
            #expect(error?.code == .internalFault, "\(String(describing: error))")
        }
    }

    @Test(arguments: TestDatabase.all) func nobodyWaitsWhileTheJobComposes(_ kind: TestDatabase) async throws {
        try await Self.finished(kind) { ward in
            let database = WatchedDatabase(ward.database)
            let open = Atomic(-1)
            let job = WriteReportJob(database: database) { _, _ in
                open.store(database.open, ordering: .relaxed)
                return { _ in }
            }
            let queue = JobQueue(
                database: database, handlers: [JobHandler(job)], logger: JobFixture.logger, policy: JobFixture.policy)
            let runner = JobRunner(queue: queue, worker: WorkerID(), logger: JobFixture.logger)
            _ = try await runner.workOnce()
            let seen = open.load(ordering: .relaxed)
            #expect(seen == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func aTextIsCheckedBeforeATransactionBegins(_ kind: TestDatabase) async throws {
        try await Self.finished(kind) { ward in
            let radiologist = try await SegmentationFixture.addUser(.radiologist, to: ward.database)
            let result = try await Self.result(ward)
            let draft = try ReportStore.Draft(ReportDraft(sentences: []))
            let id = try await ward.database.write {
                try ReportStore($0).insert(radiologist, draft, for: result, at: .now)
            }
            let database = WatchedDatabase(ward.database)
            let reports = ReportsService(database: database, audit: AuditService(database: ward.database))
            let form = ReportForm(finalizedText: "The whole tumour measures 99 ml.", status: "finalized")
            let error = await #expect(throws: AppError.self) {
                _ = try await reports.update(radiologist, id, form)
            }
            #expect(error?.fields["acknowledgeChecks"]?.count == 1, "\(String(describing: error))")
            #expect(database.begun == 0)
        }
    }
}

/// A database that counts started and open transactions.
private final class WatchedDatabase: Database {
    private let base: any Database
    private let beginnings = Atomic(0)
    private let present = Atomic(0)

    init(_ base: any Database) {
        self.base = base
    }

    var begun: Int { beginnings.load(ordering: .relaxed) }
    var open: Int { present.load(ordering: .relaxed) }

    func read<T: Sendable>(_ body: @escaping @Sendable (any DatabaseConnection) throws -> T) async throws -> T {
        try await base.read(body)
    }

    func write<T: Sendable>(_ body: @escaping @Sendable (any DatabaseConnection) throws -> T) async throws -> T {
        beginnings.add(1, ordering: .relaxed)
        present.add(1, ordering: .relaxed)
        defer { present.subtract(1, ordering: .relaxed) }
        return try await base.write(body)
    }

    func close() async throws { try await base.close() }

    func notifications(of channels: Set<NotificationChannel>) -> AsyncStream<DatabaseNotification> {
        base.notifications(of: channels)
    }

    var load: PoolLoad { base.load }
}
