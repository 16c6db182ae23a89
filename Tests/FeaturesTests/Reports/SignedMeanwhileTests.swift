import Basics
import Foundation
import Imaging
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Changes prevented by a concurrent signature.
@Suite struct SignedMeanwhileTests {
    /// A signed report on the case's newest result.
    @Sendable private static func sign(_ ward: SegmentationFixture) async throws -> ID<Report> {
        let result = try #require(try await ward.service.latestResult(ward.doctor, case: ward.caseID))
        let draft = try ReportStore.Draft(ReportDraft(sentences: []))
        return try await ward.database.write { connection in
            let id = try ReportStore(connection).insert(ward.doctor, draft, for: result, at: .now)
            try connection.execute("UPDATE reports SET status = 'finalized' WHERE id = \(id)")
            return id
        }
    }

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

    /// The report is signed after the upload was admitted and while its file is being read.
    @Test(arguments: TestDatabase.all) func aSeriesIsNotReplacedBelowAFreshSignature(_ kind: TestDatabase) async throws
    {
        try await Self.finished(kind) { ward in
            let database = InterruptedDatabase(ward.database) { _ = try await Self.sign(ward) }
            let images = ImagesService(
                database: database, blobs: ward.blobs, audit: AuditService(database: ward.database), contents: .all,
                inspector: SeriesInspector(look: { _ in
                    (
                        SeriesHeader(size: GridSize(i: 9, j: 9, k: 9), spacing: [1, 1, 1]),
                        String(repeating: "d", count: 64)
                    )
                }))
            let file = ReceivedFile(staged: try await ward.blobs.stage(Data("another series".utf8)))
            let error = await #expect(throws: AppError.self) {
                _ = try await images.add(ward.doctor, case: ward.caseID, modality: .t2, filename: "t2.nii", file: file)
            }
            #expect(error?.code == .caseSigned, "\(String(describing: error))")
            let count = try await ward.count("series")
            #expect(count == 2)
        }
    }

    @Test(arguments: TestDatabase.all) func aSignedReportIsNotDeleted(_ kind: TestDatabase) async throws {
        try await Self.finished(kind) { ward in
            let id = try await Self.sign(ward)
            let admin = try await SegmentationFixture.addUser(.admin, to: ward.database)
            let reports = ReportsService(database: ward.database, audit: AuditService(database: ward.database))
            let error = await #expect(throws: AppError.self) { try await reports.delete(admin, id) }
            #expect(error?.code == .conflict, "\(String(describing: error))")
            let count = try await ward.count("reports")
            #expect(count == 1)
        }
    }
}

/// A database that runs a hook after its first read.
private final class InterruptedDatabase: Database {
    private let base: any Database
    private let interruption: @Sendable () async throws -> Void
    private let looks = Atomic(0)

    init(_ base: any Database, by interruption: @escaping @Sendable () async throws -> Void) {
        self.base = base
        self.interruption = interruption
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (any DatabaseConnection) throws -> T) async throws -> T {
        let value = try await base.read(body)
        if looks.add(1, ordering: .relaxed).oldValue == 0 { try await interruption() }
        return value
    }

    func write<T: Sendable>(_ body: @escaping @Sendable (any DatabaseConnection) throws -> T) async throws -> T {
        try await base.write(body)
    }

    func close() async throws { try await base.close() }

    func notifications(of channels: Set<NotificationChannel>) -> AsyncStream<DatabaseNotification> {
        base.notifications(of: channels)
    }

    var load: PoolLoad { base.load }
}
