import Storage
import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Which slots of a worker accept which jobs.
@Suite struct JobClassTests {
    @Test func classesAreNamedWithoutRegardToOrderAndCase() {
        #expect(JobClass.list("imaging, Interactive") == [.interactive, .imaging])
        #expect(JobClass.list("training,training") == [.training])
        for text in ["", " ", "imaging,", "segmentation", "imaging;training", "imaging training"] {
            #expect(JobClass.list(text) == nil, "\(text)")
        }
        #expect(JobClass.list(JobClass.text(JobClass.allCases)) == JobClass.allCases)
    }

    @Test func eachJobStatesItsClass() {
        #expect(SegmentCaseJob.jobClass == .imaging)
        #expect(WriteReportJob.jobClass == .interactive)
        #expect(ScoreMaskJob.jobClass == .interactive)
    }

    @Test func shorterJobsHaveASlotThatLongerOnesCannotTake() throws {
        func slots(_ classes: [JobClass], _ count: Int?) throws -> [[JobClass]] {
            try #require(WorkerSlots(classes, count: count)).slots
        }
        let all = JobClass.allCases
        #expect(try slots([.imaging, .interactive], nil) == [[.interactive], [.imaging]])
        #expect(try slots([.imaging, .interactive], 1) == [[.interactive, .imaging]])
        #expect(
            try slots([.imaging, .interactive], 3) == [[.interactive], [.imaging], [.interactive, .imaging]])
        #expect(try slots(all, 2) == [[.interactive], [.imaging, .training]])
        #expect(try slots([.interactive], 2) == [[.interactive], [.interactive]])
        #expect(WorkerSlots([], count: 1) == nil)
        for count in [0, -1, 65] { #expect(WorkerSlots(all, count: count) == nil) }
    }

    @Test func theInteractiveSlotIsSetApartFromOthers() throws {
        let usual = try #require(WorkerSlots(WorkerSlots.usualClasses))
        #expect(usual.interactivePart == WorkerSlots([.interactive]))
        #expect(usual.ownPart == WorkerSlots([.imaging]))
        let more = try #require(WorkerSlots(JobClass.allCases, count: 4))
        #expect(more.ownPart == WorkerSlots([.imaging, .training], count: 3))
        for whole in [
            WorkerSlots([.interactive], count: 3), WorkerSlots([.imaging], count: 2),
            WorkerSlots([.interactive, .imaging], count: 1),
        ] {
            #expect(whole?.interactivePart == nil)
            #expect(whole?.ownPart == whole)
        }
    }

    @Test func noClassIsPassedOverForEver() {
        var turns = JobTurns(JobClass.allCases)
        #expect(turns.order == JobClass.allCases)
        var since: [JobClass: Int] = [:]
        var longest: [JobClass: Int] = [:]
        // All classes always have jobs.
        for _ in 0..<200 {
            let taken = turns.order[0]
            turns.take(taken)
            for jobClass in JobClass.allCases {
                since[jobClass] = jobClass == taken ? 0 : since[jobClass, default: 0] + 1
                longest[jobClass] = max(longest[jobClass, default: 0], since[jobClass, default: 0])
            }
        }
        #expect(longest[.interactive, default: 0] <= 2)
        #expect(longest.values.allSatisfy { $0 <= JobTurns.longestRun + 1 }, "\(longest)")
    }

    @Test(arguments: TestDatabase.all)
    func aWorkerTakesOnlyItsClasses(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let long = try await fixture.enqueue()
            let runner = JobRunner(
                queue: fixture.queueOfBoth(), worker: WorkerID(), classes: [.interactive], logger: JobFixture.logger)
            #expect(try await !runner.workOnce())
            let short = try await fixture.enqueueShort()
            #expect(try await runner.workOnce())
            #expect(try await !runner.workOnce())
            #expect(try await fixture.state(short)?.status == .completed)
            #expect(try await fixture.state(long)?.status == .pending)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aSlotOfSeveralClassesBeginsWithTheShorter(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let long = try await fixture.enqueue(priority: 100)
            let short = try await fixture.enqueueShort()
            let queue = fixture.queueOfBoth()
            #expect(try await queue.claim(by: WorkerID())?.job.id == short)
            #expect(try await queue.claim(by: WorkerID())?.job.id == long)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aShortJobStartsWhileALongOneRuns(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let isOver = Mutex(false)
            let long = try await fixture.enqueue()
            let worker = JobWorker(
                queue: fixture.queueOfBoth(.until { isOver.withLock { $0 } }), worker: WorkerID(),
                slots: try #require(WorkerSlots(WorkerSlots.usualClasses)), logger: JobFixture.logger)
            async let loop: Void = worker.run()
            #expect(try await eventually { try await fixture.state(long)?.status == .running })
            let short = try await fixture.enqueueShort()
            #expect(try await eventually { try await fixture.state(short)?.status == .completed })
            #expect(try await fixture.state(long)?.status == .running)
            isOver.withLock { $0 = true }
            #expect(try await eventually { try await fixture.state(long)?.status == .completed })
            worker.stop()
            await loop
        }
    }

    /// A worker with a single slot behaves as every worker did before slots.
    @Test func aSingleSlotRunsOneJobAtATime() async throws {
        try await TestDatabase.sqlite.with { database in
            let fixture = JobFixture(database: database)
            let isOver = Mutex(false)
            let long = try await fixture.enqueue()
            let worker = JobWorker(
                queue: fixture.queueOfBoth(.until { isOver.withLock { $0 } }), worker: WorkerID(),
                slots: try #require(WorkerSlots(WorkerSlots.usualClasses, count: 1)), logger: JobFixture.logger)
            async let loop: Void = worker.run()
            #expect(try await eventually { try await fixture.state(long)?.status == .running })
            let short = try await fixture.enqueueShort()
            try await Task.sleep(for: .seconds(1))
            #expect(try await fixture.state(short)?.status == .pending)
            isOver.withLock { $0 = true }
            #expect(try await eventually { try await fixture.state(short)?.status == .completed })
            worker.stop()
            await loop
        }
    }

    @Test(arguments: TestDatabase.all)
    func stoppingAWorkerReleasesAllItsJobs(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            var jobs: [ID<JobRecord>] = []
            for _ in 1...2 { jobs.append(try await fixture.enqueue()) }
            let all = jobs
            let worker = JobWorker(
                queue: fixture.queueOfBoth(.until { false }), worker: WorkerID(),
                slots: try #require(WorkerSlots([.imaging], count: 2)), logger: JobFixture.logger)
            async let loop: Void = worker.run()
            let areRunning = try await eventually {
                for job in all where try await fixture.state(job)?.status != .running { return false }
                return true
            }
            #expect(areRunning)
            worker.stop()
            await loop
            for job in all {
                let state = try #require(try await fixture.state(job))
                #expect(state.status == .pending && state.attempt == 0)
            }
        }
    }

    /// A claim costs as much with a million finished rows as with none.
    @Test(arguments: TestDatabase.all)
    func aClaimReadsOneRangeOfItsIndex(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let due = JobStore.due(.interactive, ["scripted", "short"], at: .now)
            let plan = try await database.write { connection in
                switch connection.dialect {
                case .sqlite:
                    return try connection.query("EXPLAIN QUERY PLAN \(due)").map {
                        try $0.get("detail", as: String.self)
                    }
                case .postgres:
                    // An empty table would be scanned unless that is disabled.
                    try connection.executeScript(
                        "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
                    )
                    return try connection.query("EXPLAIN \(due)").map { try $0.get("QUERY PLAN", as: String.self) }
                }
            }.joined(separator: "\n")
            #expect(plan.contains("ix_jobs_due"), "\(plan)")
            #expect(!plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "\(plan)")
        }
    }
}

/// A job that someone waits for.
private struct ShortJob: Job {
    struct Parameters: Codable, Sendable {}

    static let jobName = "short"
    static let taskName = "test.short"
    static let jobClass = JobClass.interactive

    func run(_ parameters: Parameters, control: JobControl) async throws -> JobWrites { { _ in } }
}

extension ScriptedJob {
    /// Runs until `isOver` or until it is stopped.
    fileprivate static func until(_ isOver: @escaping @Sendable () -> Bool) -> ScriptedJob {
        ScriptedJob { _, control in
            while !isOver() {
                try control.checkStop()
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}

extension JobFixture {
    fileprivate func queueOfBoth(_ long: ScriptedJob = ScriptedJob()) -> JobQueue {
        JobQueue(
            database: database, handlers: [JobHandler(long), JobHandler(ShortJob())], logger: Self.logger,
            policy: Self.policy)
    }

    fileprivate func enqueueShort() async throws -> ID<JobRecord> {
        try await database.write { connection in
            try JobStore(connection).enqueue(ShortJob.self, ShortJob.Parameters(), institution: Self.institution)
        }
    }
}
