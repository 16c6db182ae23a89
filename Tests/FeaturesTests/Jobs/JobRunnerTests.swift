import Storage
import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// The worker's loop with real time, on both databases.
@Suite struct JobRunnerTests {
    /// An error with confidential content.
    private struct Indiscretion: Error, CustomStringConvertible {
        let description = "Mrs Smith's file smith.nii.gz"
    }

    @Test(arguments: TestDatabase.all)
    func doesItsWorkOnce(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let id = try await fixture.enqueue()
            let runner = fixture.runner(ScriptedJob())
            #expect(try await runner.workOnce())
            #expect(try await !runner.workOnce())
            #expect(try await fixture.state(id)?.status == .completed)
            #expect(try await fixture.count("result") == 1)
            #expect(try await fixture.count("end.completed") == 1)
        }
    }

    @Test func sayWhenAJobHasEnded() async throws {
        try await TestDatabase.sqlite.with { database in
            let fixture = JobFixture(database: database)
            let ended = Mutex(0)
            let runner = JobRunner(
                queue: fixture.queue(), worker: WorkerID(), logger: JobFixture.logger,
                afterJob: { ended.withLock { $0 += 1 } })
            #expect(try await !runner.workOnce())
            #expect(ended.withLock { $0 } == 0)
            try await fixture.enqueue()
            #expect(try await runner.workOnce())
            #expect(ended.withLock { $0 } == 1)
        }
    }

    @Test(arguments: TestDatabase.all)
    func triesAgainAndThenFailsWithoutSayingTooMuch(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let id = try await fixture.enqueue()
            let runner = fixture.runner(ScriptedJob { _, _ in throw Indiscretion() })
            #expect(try await runner.workOnce())
            #expect(try await fixture.state(id)?.status == .pending)
            // `JobState`'s own tests cover the delay without a clock.
            #expect(try await eventually { try await runner.workOnce() })
            let state = try #require(try await fixture.state(id))
            #expect(state.status == .failed)
            #expect(state.attempt == 2)
            let message = try #require(state.errorMessage)
            #expect(!message.isEmpty)
            #expect(!message.lowercased().contains("smith"))
            #expect(try await fixture.count("result") == 0)
            #expect(try await fixture.count("end.failed") == 1)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aPermanentFailureKeepsItsSentence(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let id = try await fixture.enqueue()
            let runner = fixture.runner(ScriptedJob { _, _ in throw JobFailure(.permanent, "The image is empty.") })
            #expect(try await runner.workOnce())
            let state = try #require(try await fixture.state(id))
            #expect(state.status == .failed)
            #expect(state.attempt == 1)
            #expect(state.errorMessage == "The image is empty.")
        }
    }

    @Test(arguments: TestDatabase.all)
    func refusedWritesLeaveNothing(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let id = try await fixture.enqueue()
            var job = ScriptedJob()
            job.write = { _ in throw JobFailure(.permanent, "It was refused.") }
            #expect(try await fixture.runner(job).workOnce())
            #expect(try await fixture.state(id)?.errorMessage == "It was refused.")
            #expect(try await fixture.count("result") == 0)
        }
    }

    @Test(arguments: TestDatabase.all)
    func workWhoseReasonIsGoneEndsAsCancelled(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let id = try await fixture.enqueue()
            let runner = fixture.runner(ScriptedJob { _, _ in throw JobFailure(.obsolete, "It is gone.") })
            #expect(try await runner.workOnce())
            #expect(try await fixture.state(id)?.status == .cancelled)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aCancelArrivesWithinASecond(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let id = try await fixture.enqueue()
            let runner = fixture.runner(.untilStopped)
            async let work: Bool = runner.workOnce()
            #expect(try await eventually { try await fixture.state(id)?.status == .running })
            let asked = ContinuousClock.now
            let answer = try await database.write { try JobStore($0).requestCancel(id) }
            #expect(answer == .asked)
            #expect(try await work)
            #expect(ContinuousClock.now - asked < .seconds(1))
            #expect(try await fixture.state(id)?.status == .cancelled)
            #expect(try await fixture.count("result") == 0)
            #expect(try await fixture.count("end.cancelled") == 1)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aStoppedWorkerReleasesItsJob(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let id = try await fixture.enqueue()
            let runner = fixture.runner(.untilStopped)
            async let loop: Void = runner.run()
            #expect(try await eventually { try await fixture.state(id)?.status == .running })
            runner.stop()
            await loop
            let state = try #require(try await fixture.state(id))
            #expect(state.status == .pending)
            #expect(state.attempt == 0)
            #expect(try await fixture.runner(ScriptedJob()).workOnce())
            #expect(try await fixture.state(id)?.status == .completed)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aRunThatLostItsLeaseStopsAndWritesNothing(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let id = try await fixture.enqueue()
            let runner = fixture.runner(.untilStopped)
            async let work: Bool = runner.workOnce()
            #expect(try await eventually { try await fixture.state(id)?.status == .running })
            let later = Timestamp.now.advanced(by: .seconds(60))
            let second = try #require(try await fixture.queue().claim(by: WorkerID(), at: later))
            #expect(try await work)
            #expect(try await fixture.state(id)?.lease?.token == second.token)
            #expect(try await fixture.count("result") == 0)
        }
    }

    @Test(arguments: TestDatabase.all)
    func progressIsSeenWhileItWorksAndWrittenRarely(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let id = try await fixture.enqueue()
            let runner = fixture.runner(
                ScriptedJob { _, control in
                    for step in 1...100 {
                        control.report("Step \(step)", Double(step) / 200)
                        try await Task.sleep(for: .milliseconds(10))
                    }
                })
            async let work: Bool = runner.workOnce()
            let isSeen = try await eventually {
                let progress = try await fixture.state(id)?.progress
                return (0.01...0.5).contains(progress?.fraction ?? 0) && progress?.step?.hasPrefix("Step") == true
            }
            #expect(isSeen)
            #expect(try await work)
            let revision = try await database.read {
                try $0.queryOne("SELECT revision FROM jobs")?.get("revision", as: Int.self)
            }
            // One for the claim, one for the end, four per second in between; a loaded machine takes longer.
            #expect((3...30).contains(revision ?? 0))
            #expect(try await fixture.state(id)?.progress.fraction == 1)
        }
    }

    @Test(arguments: TestDatabase.all)
    func parametersOfAnotherVersionFailForGood(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let id = try await fixture.enqueue()
            try await database.write { _ = try $0.execute("UPDATE jobs SET parameters = '{}'") }
            #expect(try await fixture.runner(ScriptedJob()).workOnce())
            #expect(try await fixture.state(id)?.status == .failed)
        }
    }

    @Test func progressNeverFalls() {
        let control = JobControl(job: ID())
        control.report("a", 0.5)
        control.report("b", 0.25)
        control.report("c", .nan)
        #expect(control.progress == JobProgress(step: "c", fraction: 0.5))
        control.report("d", 7)
        #expect(control.progress.fraction == 1)
    }

    @Test func theFirstReasonToStopCounts() {
        let control = JobControl(job: ID())
        #expect(!control.workControl.isCancelled())
        control.stop(.shutdown)
        control.stop(.cancelRequested)
        #expect(control.stopReason == .shutdown)
        #expect(control.workControl.isCancelled())
        #expect(throws: CancellationError.self) { try control.checkStop() }
    }
}

extension ScriptedJob {
    /// Runs until it is stopped, checking as often as a network's run; fails after ten seconds.
    fileprivate static var untilStopped: ScriptedJob {
        ScriptedJob { _, control in
            for _ in 1...500 {
                try control.checkStop()
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}
