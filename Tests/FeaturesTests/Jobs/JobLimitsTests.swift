import Foundation
import Imaging
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// The time limits of a run, as a value and in the worker's loop.
@Suite struct JobLimitsTests {
    private let limits = JobLimits(total: .seconds(600), stage: .seconds(60))

    private func clock() -> JobClock { JobClock(limits, grace: .seconds(30)) }

    @Test func aRunThatReportsMayTakeItsTotal() {
        var clock = clock()
        for second in 1..<600 {
            #expect(clock.tick(.seconds(1), reports: second, step: "x", isStopping: false) == .goOn)
        }
        let answer = clock.tick(.seconds(1), reports: 600, step: "x", isStopping: false)
        #expect(answer == .stop(JobFailure(.permanent, "Stopped: the time limit of 10 minutes was reached.")))
    }

    @Test func aSilentStageIsStoppedAndMayBeTriedAgain() {
        var clock = clock()
        for _ in 1..<60 {
            #expect(clock.tick(.seconds(1), reports: 0, step: "Measuring", isStopping: false) == .goOn)
        }
        let answer = clock.tick(.seconds(1), reports: 0, step: "Measuring", isStopping: false)
        #expect(
            answer
                == .stop(
                    JobFailure(.transient, "Stopped: no progress for 60 seconds in the step \"Measuring\".")))
    }

    @Test func aSuspendedMachineCostsARunNoTime() {
        var clock = clock()
        #expect(clock.tick(.seconds(100_000), reports: 0, step: nil, isStopping: false) == .goOn)
        #expect(clock.tick(.seconds(1), reports: 0, step: nil, isStopping: false) == .goOn)
    }

    @Test func whoDoesNotStopIsGivenUp() {
        var clock = clock()
        for _ in 1..<30 { #expect(clock.tick(.seconds(1), reports: 0, step: nil, isStopping: true) == .goOn) }
        #expect(clock.tick(.seconds(1), reports: 0, step: nil, isStopping: true) == .giveUp)
    }

    // MARK: In the worker's loop

    private static var quick: JobPolicy {
        var policy = JobFixture.policy
        policy.heartbeatInterval = .milliseconds(10)
        policy.stopGrace = .milliseconds(50)
        policy.postponement = .milliseconds(50)
        return policy
    }

    private static let short = JobLimits(total: .seconds(600), stage: .milliseconds(100))

    @Test(arguments: TestDatabase.all) func aStageWithoutProgressEndsTheRunWithItsReason(_ kind: TestDatabase)
        async throws
    {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            var policy = Self.quick
            policy.stopGrace = .seconds(600)
            var job = ScriptedJob { _, control in
                control.report("Finding the brain", 0.2)
                while true {
                    try control.checkStop()
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
            job.limits = Self.short
            let id = try await fixture.enqueue()
            let runner = fixture.runner(job, policy: policy)
            #expect(try await runner.workOnce())
            let state = try #require(try await fixture.state(id))
            #expect(state.status == .pending && state.attempt == 1)
            #expect(state.errorMessage?.contains("no progress") == true)
            #expect(state.errorMessage?.contains("Finding the brain") == true)
            #expect(try await eventually { try await runner.workOnce() })
            #expect(try await fixture.state(id)?.status == .failed, "twice is all that this kind is tried")
        }
    }

    @Test(arguments: TestDatabase.all) func aRunThatDoesNotStopCostsItsWorkerAndNotTheJob(_ kind: TestDatabase)
        async throws
    {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let (gate, opener) = AsyncStream.makeStream(of: Void.self)
            let givenUp = Atomic(false)
            var job = ScriptedJob { _, _ in for await _ in gate {} }
            job.limits = Self.short
            let id = try await fixture.enqueue()
            let runner = fixture.runner(job, policy: Self.quick) { givenUp.store(true, ordering: .relaxed) }
            #expect(try await runner.workOnce())
            let isGivenUp = givenUp.load(ordering: .relaxed)
            #expect(isGivenUp)
            let state = try #require(try await fixture.state(id))
            #expect(state.status == .pending && state.lease == nil && state.losses == 0)
            opener.finish()
            #expect(try await fixture.count("result") == 0, "what it did afterwards goes nowhere")
        }
    }

    private static let fullDisks: [any Error & Sendable] = [
        BlobError.fileSystem(ENOSPC), BlobError.fileSystem(EDQUOT), DatabaseError(.diskFull, "full"),
        ImagingError(.diskFull, "The disk is full."), CocoaError(.fileWriteOutOfSpace),
        AppError(.unavailable, "x", cause: BlobError.fileSystem(ENOSPC)),
    ]

    @Test(arguments: TestDatabase.all) func aFullDiskPutsAJobOffUntilThereIsRoom(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let runs = Atomic(0)
            let job = ScriptedJob { _, _ in
                let run = runs.add(1, ordering: .relaxed).oldValue
                if run < Self.fullDisks.count { throw Self.fullDisks[run] }
            }
            let id = try await fixture.enqueue()
            let runner = fixture.runner(job, policy: Self.quick)
            for _ in Self.fullDisks {
                #expect(try await eventually { try await runner.workOnce() })
                let state = try #require(try await fixture.state(id))
                #expect(state.status == .pending && state.attempt == 0)
                #expect(state.progress.step == "Waiting: the server's disk is full")
            }
            #expect(try await eventually { try await runner.workOnce() })
            #expect(try await fixture.state(id)?.status == .completed)
        }
    }

    @Test(arguments: TestDatabase.all) func anOutageOfTheObjectStorePutsAJobOff(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let runs = Atomic(0)
            let job = ScriptedJob { _, _ in
                // More often than failures are repeated.
                guard runs.add(1, ordering: .relaxed).oldValue < 4 else { return }
                throw BlobError.unavailable(reason: "SlowDown (HTTP 503)")
            }
            let id = try await fixture.enqueue()
            let runner = fixture.runner(job, policy: Self.quick)
            for _ in 1...4 {
                #expect(try await eventually { try await runner.workOnce() })
                let state = try #require(try await fixture.state(id))
                #expect(state.status == .pending && state.attempt == 0)
                #expect(state.progress.step == "Waiting: file storage is unavailable")
            }
            #expect(try await eventually { try await runner.workOnce() })
            #expect(try await fixture.state(id)?.status == .completed)
        }
    }

    @Test(arguments: TestDatabase.all) func howAWorkerWasLostDecidesWhatBecomesOfItsJob(_ kind: TestDatabase)
        async throws
    {
        try await kind.with { database in
            try await TemporaryFolder.with { folder in
                let fixture = JobFixture(database: database)
                let notes = WorkerNotes(folder: folder.appendingPathComponent("work"))
                let queue = JobQueue(
                    database: database, handlers: [JobHandler(ScriptedJob())], logger: JobFixture.logger,
                    policy: JobFixture.policy, loss: { notes.loss(of: $0) })
                let id = try await fixture.enqueue()
                let worker = WorkerID()
                _ = try #require(try await queue.claim(by: worker))
                notes.write(.memory, of: worker)
                try await queue.recover(from: worker)
                let state = try #require(try await fixture.state(id))
                #expect(state.status == .failed && state.errorMessage == JobLoss.outOfMemory)
                #expect(try await fixture.count("end.failed") == 1)
                notes.sweep()
                #expect(notes.loss(of: worker) == .memory)
                notes.sweep(now: Date(timeIntervalSinceNow: 30 * 24 * 3600))
                #expect(notes.loss(of: worker) == .unknown)
                #expect(WorkerID("../secret").flatMap { notes.file(of: $0) } == nil)
            }
        }
    }
}
