import Foundation
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Who may start, see and cancel segmentations, on both databases.
@Suite struct SegmentationServiceTests {
    @Test(arguments: TestDatabase.all)
    func aStartMakesTaskJobStatusAndTrail(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            #expect(task.status == .pending)
            #expect(task.percentage == 0)
            #expect(task.caseID == ward.caseID)
            #expect(try await ward.caseStatus() == .processing)
            #expect(try await ward.count("jobs") == 1)
            #expect(try await ward.jobs.count("inference.start") == 1)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aSecondStartAnswersTheRunningTask(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let first = try await ward.service.start(ward.doctor, case: ward.caseID)
            let second = try await ward.service.start(ward.doctor, case: ward.caseID)
            #expect(first.id == second.id)
            _ = try await ward.service.cancel(ward.doctor, first.id)
            let third = try await ward.service.start(ward.doctor, case: ward.caseID)
            #expect(third.id != first.id)
        }
    }

    @Test(arguments: TestDatabase.all)
    func eightStartsAtOnceMakeOneTask(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let ids = try await withThrowingTaskGroup(of: ID<InferenceTask>.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await ward.service.start(ward.doctor, case: ward.caseID).id }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
            #expect(try await ward.count("jobs") == 1)
        }
    }

    @Test(arguments: TestDatabase.all)
    func nothingStartsWithoutImagesOrInTheArchive(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            try await ward.database.write { _ = try $0.execute("UPDATE cases SET status = 'archived'") }
            let archived = await #expect(throws: AppError.self) {
                try await ward.service.start(ward.doctor, case: ward.caseID)
            }
            #expect(archived?.code == .conflict)
            try await ward.database.write { connection in
                try connection.execute("UPDATE cases SET status = 'created'")
                try connection.execute("DELETE FROM series")
            }
            let empty = await #expect(throws: AppError.self) {
                try await ward.service.start(ward.doctor, case: ward.caseID)
            }
            #expect(empty?.fields["caseId"] != nil)
            #expect(try await ward.count("jobs") == 0)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aModelIsKnownByItsNames(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let unknown = await #expect(throws: AppError.self) {
                try await ward.service.start(ward.doctor, case: ward.caseID, modelID: "another")
            }
            #expect(unknown?.fields["modelId"] != nil)
            let task = try await ward.service.start(ward.doctor, case: ward.caseID, modelID: "stand-in")
            #expect(task.modelID == SegmentationFixture.model.digest)
            #expect(try await ward.runner().workOnce())
            #expect(try await ward.service.get(ward.doctor, task.id).status == .completed)
        }
    }

    @Test(arguments: TestDatabase.all)
    func othersKnowNothingOfIt(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            let colleague = try await SegmentationFixture.addUser(.doctor, to: ward.database)
            let stranger = try await SegmentationFixture.addUser(.admin, of: ID(), to: ward.database)
            for scope in [colleague, stranger] {
                for action in [ward.service.get, ward.service.cancel] {
                    let error = await #expect(throws: AppError.self) { try await action(scope, task.id) }
                    #expect(error?.code == .notFound)
                }
                let start = await #expect(throws: AppError.self) {
                    try await ward.service.start(scope, case: ward.caseID)
                }
                #expect(start?.code == .notFound)
                #expect(try await ward.service.list(scope, .plain(limit: 10)).items.isEmpty)
            }
            let radiologist = try await SegmentationFixture.addUser(.radiologist, to: ward.database)
            #expect(try await ward.service.list(radiologist, .plain(limit: 10)).items.map(\.id) == [task.id])
        }
    }

    @Test(arguments: TestDatabase.all)
    func aResearcherReadsResultsAndStartsNothing(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            let researcher = try await SegmentationFixture.addUser(.researcher, to: ward.database)
            let hidden = await #expect(throws: AppError.self) { try await ward.service.get(researcher, task.id) }
            #expect(hidden?.code == .notFound)
            #expect(try await ward.runner().workOnce())
            #expect(try await ward.service.get(researcher, task.id).result != nil)
            let refused = await #expect(throws: AppError.self) {
                try await ward.service.start(researcher, case: ward.caseID)
            }
            #expect(refused?.code == .forbidden)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aWaitingTaskIsCancelledAtOnce(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            #expect(try await ward.service.cancel(ward.doctor, task.id).status == .cancelled)
            #expect(try await ward.service.cancel(ward.doctor, task.id).status == .cancelled)
            #expect(try await ward.caseStatus() == .uploaded)
            #expect(try await ward.jobs.count("inference.cancel") == 1)
            #expect(try await !ward.runner().workOnce())
        }
    }

    @Test(arguments: TestDatabase.all)
    func listsGoFromTheNewestOnPageByPage(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            var ids: [ID<InferenceTask>] = []
            for _ in 1...3 {
                let task = try await ward.service.start(ward.doctor, case: ward.caseID)
                _ = try await ward.service.cancel(ward.doctor, task.id)
                ids.insert(task.id, at: 0)
            }
            let page = try await ward.service.list(ward.doctor, .page(number: 2, size: 2))
            #expect(page.count == 3)
            #expect(page.items.map(\.id) == [ids[2]])
            let first = try await ward.service.list(ward.doctor, case: ward.caseID, .cursor(after: nil, size: 2))
            #expect(first.items.map(\.id) == [ids[0], ids[1]])
            let rest = try await ward.service.list(ward.doctor, .cursor(after: first.nextCursor, size: 2))
            #expect(rest.items.map(\.id) == [ids[2]])
            #expect(rest.nextCursor == nil)
        }
    }

    /// Own and shared tasks are one list, each once and in order; tasks of deleted or unshared cases are excluded.
    @Test(arguments: TestDatabase.all)
    func sharedTasksStandAmongOnesOwn(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let colleague = try await SegmentationFixture.addUser(.doctor, to: ward.database)
            var ids: [ID<InferenceTask>] = []
            for author in [ward.doctor, colleague, ward.doctor, colleague, colleague, ward.doctor] {
                let id = CaseID()
                try await ward.addCase(id, of: author)
                ids.append(try await ward.service.start(author, case: id).id)
                // Of the colleague's cases the second is shared and then deleted, the third not shared; one's own case
                // cannot be shared with oneself.
                let (isShared, isDeleted) = (ids.count != 5, ids.count == 4)
                try await ward.database.write { connection in
                    guard isShared else { return }
                    try connection.execute(
                        """
                        INSERT INTO case_shares (case_id, institution_id, user_id, access, shared_by, created_at)
                        VALUES (\(id), \(author.institution), \(ward.doctor.user), 'read', \(colleague.user), 0)
                        """)
                    if isDeleted { try connection.execute("UPDATE cases SET deleted_at = 1 WHERE id = \(id)") }
                }
            }
            let expected = [ids[5], ids[2], ids[1], ids[0]]
            #expect(try await ward.service.list(ward.doctor, .plain(limit: 10)).items.map(\.id) == expected)
            let page = try await ward.service.list(ward.doctor, .page(number: 2, size: 2))
            #expect(page.count == 4 && page.items.map(\.id) == [ids[1], ids[0]] && !page.hasNext)
            let first = try await ward.service.list(ward.doctor, .cursor(after: nil, size: 1))
            let rest = try await ward.service.list(ward.doctor, .cursor(after: first.nextCursor, size: 3))
            #expect((first.items + rest.items).map(\.id) == expected)
        }
    }

    /// A doctor's list starts from the doctor's cases: the institution may have a hundred times as many tasks.
    @Test func ownTasksAreFoundByTheirCases() async throws {
        try await SegmentationFixture.with(.sqlite) { ward in
            let plan = try await ward.database.read { connection in
                let list = CaseContentStore(
                    connection: connection, table: "inference_tasks", time: "created_at", scope: ward.doctor,
                    action: .readResult, caseID: nil, window: .plain(limit: 50))
                return try connection.query("EXPLAIN QUERY PLAN \(list.keys())").map { row in
                    try row.get("detail", as: String.self)
                }
            }
            #expect(plan.contains { $0.hasPrefix("SEARCH x USING") && $0.contains("(case_id=?)") }, "\(plan)")
            #expect(plan.contains { $0.contains("ix_case_shares_user (user_id=?") }, "\(plan)")
        }
    }

    @Test(arguments: TestDatabase.all)
    func clientsSeeTheContractsKeys(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            let json = String(decoding: try JSONEncoder().encode(task), as: UTF8.self)
            for key in [
                "id", "caseId", "status", "progress_percentage", "current_step", "createdAt", "startedAt",
                "completedAt", "errorMessage", "result",
            ] { #expect(json.contains("\"\(key)\":"), "\(key) is missing") }
            #expect(json.contains(#""status":"pending""#))
        }
    }

    /// A result of other images than the case has now is marked as such.
    @Test(arguments: TestDatabase.all) func aResultOfFormerImagesIsStale(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            _ = try await ward.service.start(ward.doctor, case: ward.caseID)
            _ = try await ward.runner().workOnce()
            let fresh = try #require(try await ward.service.latestResult(ward.doctor, case: ward.caseID))
            try await ward.addImage(.t2)
            let stale = try #require(try await ward.service.latestResult(ward.doctor, case: ward.caseID))
            #expect(!fresh.isStale && stale.isStale && fresh.id == stale.id)
        }
    }
}
