import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// The report's job after a segmentation's, on both databases.
@Suite struct WriteReportJobTests {
    /// Writes a row with the id of the job, like the reports feature.
    private func queue(_ ward: SegmentationFixture) -> JobQueue {
        let job = WriteReportJob(database: ward.database) { result, job in
            { connection in
                try connection.execute(
                    """
                    INSERT INTO reports (id, institution_id, case_id, result_id, job_id, status, ai_generated_text,
                        document_json, generated_at, updated_at)
                    VALUES (\(ID<WriteReportJobTests>()), \(ward.doctor.institution), \(result.caseID), \(result.id),
                        \(job), 'draft', 'Findings.', '{}', 0, 0)
                    """)
            }
        }
        return JobQueue(
            database: ward.database, handlers: [JobHandler(job)], logger: JobFixture.logger, policy: JobFixture.policy)
    }

    private func runner(_ ward: SegmentationFixture) -> JobRunner {
        JobRunner(queue: queue(ward), worker: WorkerID(), logger: JobFixture.logger)
    }

    @Test(arguments: TestDatabase.all)
    func eachResultGetsOneReport(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            _ = try await ward.service.start(ward.doctor, case: ward.caseID)
            #expect(try await ward.runner().workOnce())
            #expect(try await runner(ward).workOnce())
            #expect(try await !runner(ward).workOnce())
            #expect(try await ward.count("reports") == 1)
            #expect(try await ward.count("jobs WHERE status = 'completed'") == 2)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aDeletedCaseNeedsNoReport(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            _ = try await ward.service.start(ward.doctor, case: ward.caseID)
            #expect(try await ward.runner().workOnce())
            try await ward.database.write { try $0.execute("DELETE FROM cases WHERE id = \(ward.caseID)") }
            #expect(try await runner(ward).workOnce())
            #expect(try await ward.count("jobs WHERE status = 'cancelled'") == 1)
            #expect(try await ward.count("reports") == 0)
        }
    }

    /// A failure to write a report is never silent.
    @Test(arguments: TestDatabase.all)
    func aResultThatIsGoneEndsTheJob(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            _ = try await ward.service.start(ward.doctor, case: ward.caseID)
            #expect(try await ward.runner().workOnce())
            let result = try #require(try await ward.service.latestResult(ward.doctor, case: ward.caseID))
            let draft = try ReportStore.Draft(ReportDraft(sentences: []))
            try await ward.database.write { try $0.execute("DELETE FROM inference_tasks") }
            let failure = await #expect(throws: JobFailure.self) {
                try await ward.database.write {
                    try ReportStore($0).insert(asWorker: draft, for: result, job: ID(), at: .now)
                }
            }
            #expect(failure?.kind == .obsolete)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aReportGoesBeforeTheNextSegmentation(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let first = try await ward.service.start(ward.doctor, case: ward.caseID)
            try await ward.database.write { connection in
                for _ in 1...2 {
                    try JobStore(connection).enqueue(
                        SegmentCaseJob.self, SegmentCaseJob.Parameters(task: first.id),
                        institution: ward.doctor.institution)
                }
            }
            #expect(try await ward.runner().workOnce())
            let report = WriteReportJob(database: ward.database) { _, _ in { _ in } }
            let queue = ward.queue(others: [JobHandler(report)])
            #expect(try await queue.claim(by: WorkerID())?.job.kind == "write-report")
            #expect(try await queue.claim(by: WorkerID())?.job.kind == "segment-case")
        }
    }
}
