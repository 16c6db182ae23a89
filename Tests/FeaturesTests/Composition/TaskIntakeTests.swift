import Basics
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Jobs that Celery clients ask for.
@Suite struct TaskIntakeTests {
    private static func intake(_ ward: SegmentationFixture) -> TaskIntake {
        TaskIntake(database: ward.database, segmentation: ward.service)
    }

    @Test(arguments: TestDatabase.all) func aMessageCreatesOneJobHoweverOftenItArrives(_ kind: TestDatabase)
        async throws
    {
        try await SegmentationFixture.with(kind) { ward in
            let intake = Self.intake(ward)
            let arguments: [String: JSONValue] = ["case_id": .text(ward.caseID.string)]
            let trace = TraceContext()
            let jobs = try await withThrowingTaskGroup(of: ID<JobRecord>.self) { group in
                for _ in 1...4 {
                    group.addTask {
                        try await intake.job(
                            forMessage: "client-7", task: "inference.segment_case", arguments: arguments, trace: trace)
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(jobs.count == 1)
            let job = try #require(jobs.first)
            let record = try #require(try await ward.database.read { try JobStore($0).find(job) })
            #expect(record.messageID == "client-7" && record.institution == ward.doctor.institution)
            #expect(record.trace == trace)
            let task = try await ward.service.list(ward.doctor, .page(number: 1, size: 10)).items
            #expect(task.map(\.createdBy) == [ward.doctor.user])
        }
    }

    @Test(arguments: TestDatabase.all) func theMessageOfAJobNamesIt(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            let job = try await Self.intake(ward).job(
                forMessage: task.job.string, task: SegmentCaseJob.taskName, arguments: [:])
            #expect(job == task.job)
        }
    }

    @Test func whatIsNoJobIsRefusedWithASentence() async throws {
        try await SegmentationFixture.with(.sqlite) { ward in
            let unknown = ID<JobRecord>().string
            let refused: [(String, [String: JSONValue], String)] = [
                ("inference.segment_case", [:], "The keyword argument case_id must be a UUID."),
                ("inference.segment_case", ["case_id": 7], "The keyword argument case_id must be a UUID."),
                ("inference.segment_case", ["case_id": .text(unknown)], "Case not found."),
                (
                    "inference.segment_case", ["case_id": .text(ward.caseID.string), "model_id": "none"],
                    "Model not found. Omit the field to use the active model."
                ),
                ("reports.write_report", ["result_id": .text(unknown)], "Result not found."),
                ("masks.score_expert_mask", ["mask_id": .text(unknown)], "Expert mask not found."),
                ("inference.other", [:], "The task inference.other does not exist."),
            ]
            for (task, arguments, sentence) in refused {
                await #expect(throws: TaskIntake.Refusal(description: sentence)) {
                    try await Self.intake(ward).job(forMessage: "m-\(task)", task: task, arguments: arguments)
                }
            }
            let jobs = try await ward.database.read { try $0.query("SELECT id FROM jobs") }
            #expect(jobs.isEmpty)
        }
    }
}
