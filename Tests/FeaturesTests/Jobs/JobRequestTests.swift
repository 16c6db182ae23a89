import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// A request's id and trace are passed on to the jobs that it creates, and to the jobs that these create.
@Suite struct JobRequestTests {
    @Test(arguments: TestDatabase.all) func theRequestsIDReachesAllThatComesOfIt(_ kind: TestDatabase) async throws {
        let trace = TraceContext()
        try await SegmentationFixture.with(kind) { ward in
            let doctor = Scope(
                institution: ward.doctor.institution, user: ward.doctor.user, role: .doctor,
                origin: RequestOrigin(requestID: "req-42", address: "192.0.2.1", trace: trace))
            _ = try await ward.service.start(doctor, case: ward.caseID)
            #expect(try await ward.runner().workOnce())
            let reports = JobQueue(
                database: ward.database,
                handlers: [
                    JobHandler(
                        WriteReportJob(database: ward.database) { result, job in
                            let draft = try ReportStore.Draft(ReportDraft(sentences: []))
                            return { try ReportStore($0).insert(asWorker: draft, for: result, job: job, at: .now) }
                        })
                ], logger: JobFixture.logger, policy: JobFixture.policy)
            #expect(try await JobRunner(queue: reports, worker: WorkerID(), logger: JobFixture.logger).workOnce())
            #expect(try await ward.count("jobs WHERE request_id = 'req-42'") == 2)
            let jobs = try await ward.database.read { connection in
                try connection.query("SELECT * FROM jobs ORDER BY created_at").map(JobRecord.init)
            }
            #expect(jobs.first?.trace == trace && jobs.last?.trace?.traceID == trace.traceID)
            #expect(jobs.last?.trace != trace, "below the span of the first job")
            let rows = try await ward.database.read {
                try $0.query("SELECT * FROM audit_entries WHERE request_id = 'req-42' ORDER BY occurred_at, id")
            }
            let entries = try rows.map(AuditEntry.init)
            #expect(entries.map(\.action) == ["inference.start", "inference.complete", "report.create"])
            #expect(entries.allSatisfy { $0.actor == doctor.user })
        }
    }
}
