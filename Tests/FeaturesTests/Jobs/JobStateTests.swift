import Basics
import Storage
import Testing

@testable import Features
@testable import Kernel

/// The job's state machine as a value: no database, no clock.
@Suite struct JobStateTests {
    private let start = Timestamp(microseconds: 1_000_000_000)
    private let policy: JobPolicy = {
        var policy = JobPolicy()
        policy.backoff = Backoff(first: .seconds(2), longest: .seconds(10))
        policy.maximumLosses = 3
        return policy
    }()

    private func lease(_ seconds: Int = 15) -> JobLease {
        JobLease(owner: WorkerID(), token: ID(), expires: start.advanced(by: .seconds(seconds)))
    }

    private func running(_ lease: JobLease, attempts: Int = 3) throws -> JobState {
        var state = JobState(maximumAttempts: attempts, runAfter: start)
        try #require(state.claim(lease, at: start) == .begin)
        return state
    }

    @Test func isTakenOnceAndNotBeforeItsTime() throws {
        var state = JobState(maximumAttempts: 3, runAfter: start.advanced(by: .seconds(1)))
        #expect(state.claim(lease(), at: start) == .notDue)
        #expect(state.status == .pending)
        let due = start.advanced(by: .seconds(1))
        #expect(state.claim(lease(), at: due) == .begin)
        #expect(state.claim(lease(), at: due) == .notDue)
        #expect(state.attempt == 1)
        #expect(state.startedAt == due)
    }

    /// The clock has been set back by an hour since the times were written.
    @Test func timesFarInTheFutureDoNotHoldAJob() throws {
        let hour = Duration.seconds(3600)
        var waiting = JobState(maximumAttempts: 3, runAfter: start.advanced(by: hour))
        #expect(waiting.claim(lease(), at: start) == .begin)
        var held = try running(lease(3600))
        #expect(held.lose(at: start, policy: policy) == .again)
        // As far as the longest wait of a job that failed often.
        var delayed = JobState(maximumAttempts: 3, runAfter: start.advanced(by: .seconds(600)))
        #expect(delayed.claim(lease(), at: start) == .notDue)
        #expect(JobPolicy().backoff.delay(after: 100) < JobPolicy.furthestTime)
    }

    @Test func completes() throws {
        let mine = lease()
        var state = try running(mine)
        #expect(state.finish(.completed, mine.token, at: start, policy: policy) == .end(.completed))
        #expect(state.status == .completed)
        #expect(state.progress.fraction == 1)
        #expect(state.finishedAt == start)
        #expect(state.finish(.completed, mine.token, at: start, policy: policy) == .leaseLost)
    }

    @Test func failsAgainLaterAndLaterAndThenForGood() throws {
        var state = JobState(maximumAttempts: 3, runAfter: start)
        var now = start
        for wait in [2, 4] {
            let mine = lease()
            #expect(state.claim(mine, at: now) == .begin)
            let outcome = JobOutcome.failed(message: "No.", mayRepeat: true)
            #expect(state.finish(outcome, mine.token, at: now, policy: policy) == .again)
            #expect(state.runAfter == now.advanced(by: .seconds(wait)))
            now = state.runAfter
        }
        let mine = lease()
        #expect(state.claim(mine, at: now) == .begin)
        let last = state.finish(.failed(message: "No.", mayRepeat: true), mine.token, at: now, policy: policy)
        #expect(last == .end(.failed("No.")))
        #expect(state.status == .failed)
        #expect(state.errorMessage == "No.")
    }

    @Test func aPermanentFailureIsNotTriedAgain() throws {
        let mine = lease()
        var state = try running(mine)
        let answer = state.finish(.failed(message: "No.", mayRepeat: false), mine.token, at: start, policy: policy)
        #expect(answer == .end(.failed("No.")))
    }

    @Test func aReleasedRunDoesNotCount() throws {
        let mine = lease()
        var state = try running(mine, attempts: 1)
        #expect(state.finish(.stopped, mine.token, at: start, policy: policy) == .again)
        #expect(state.attempt == 0)
        #expect(state.status == .pending)
        #expect(state.claim(lease(), at: start) == .begin)
    }

    @Test func isLostOnlyAfterItsLeaseOrWithItsWorker() throws {
        var state = try running(lease(15))
        #expect(state.lose(at: start.advanced(by: .seconds(14)), policy: policy) == .notLost)
        var dead = state
        #expect(dead.lose(workerIsDead: true, at: start, policy: policy) == .again)
        #expect(state.lose(at: start.advanced(by: .seconds(15)), policy: policy) == .again)
        #expect(state.losses == 1)
        #expect(state.runAfter == start.advanced(by: .seconds(15)))
    }

    @Test func theFirstWorkerMayNotFinishWhatTheSecondHas() throws {
        let first = lease(1)
        var state = try running(first)
        let later = start.advanced(by: .seconds(2))
        #expect(state.lose(at: later, policy: policy) == .again)
        // A reclaim by the same worker is still another run.
        let second = JobLease(owner: first.owner, token: ID(), expires: later.advanced(by: .seconds(15)))
        #expect(state.claim(second, at: later) == .begin)
        #expect(state.heartbeat(first.token, progress: .none, until: later) == .leaseLost)
        #expect(state.finish(.completed, first.token, at: later, policy: policy) == .leaseLost)
        #expect(state.finish(.completed, second.token, at: later, policy: policy) == .end(.completed))
    }

    @Test func lossesDoNotCountAsFailuresButEndSomeTime() throws {
        var state = JobState(maximumAttempts: 1, runAfter: start)
        var now = start
        for _ in 1...2 {
            #expect(state.claim(lease(), at: now) == .begin)
            #expect(state.lose(workerIsDead: true, at: now, policy: policy) == .again)
            now = state.runAfter
        }
        #expect(now == start.advanced(by: .seconds(2)))
        #expect(state.claim(lease(), at: now) == .begin)
        guard case .end(.failed) = state.lose(workerIsDead: true, at: now, policy: policy) else {
            Issue.record("a job that kills its workers goes on for ever")
            return
        }
        #expect(state.status == .failed)
    }

    @Test func aJobIsGivenUpAfterThreeCrashesAndSurvivesNineKills() throws {
        let policy = JobPolicy()
        for (loss, survived) in [(JobLoss.crash, 2), (.silence, 2), (.unknown, 9)] {
            var state = JobState(maximumAttempts: 3, runAfter: start)
            var now = start
            for _ in 0..<survived {
                #expect(state.claim(lease(), at: now) == .begin)
                #expect(state.lose(workerIsDead: true, loss, at: now, policy: policy) == .again)
                now = state.runAfter
            }
            #expect(state.claim(lease(), at: now) == .begin)
            guard case .end(.failed) = state.lose(workerIsDead: true, loss, at: now, policy: policy) else {
                Issue.record("\(loss) goes on for ever")
                return
            }
        }
    }

    @Test func aJobThatNeedsTooMuchMemoryIsNotTriedAgain() throws {
        var state = try running(lease())
        let answer = state.lose(workerIsDead: true, .memory, at: start, policy: policy)
        #expect(answer == .end(.failed(JobLoss.outOfMemory)))
    }

    @Test func aPostponedRunCountsForNothingAndSaysWhyItWaits() throws {
        var state = JobState(maximumAttempts: 1, runAfter: start)
        var now = start
        for _ in 0..<20 {
            let mine = lease()
            #expect(state.claim(mine, at: now) == .begin)
            #expect(state.progress.step == nil)
            let answer = state.finish(.postponed(step: "Waiting"), mine.token, at: now, policy: policy)
            #expect(answer == .again)
            #expect(state.progress.step == "Waiting" && state.attempt == 0 && state.brokenInvariant == nil)
            #expect(state.runAfter == now.advanced(by: policy.postponement))
            now = state.runAfter
        }
        #expect(state.requestCancel(at: now) == .end(.cancelled))
    }

    @Test func aWaitingJobIsCancelledAtOnce() {
        var state = JobState(maximumAttempts: 3, runAfter: start)
        #expect(state.requestCancel(at: start) == .end(.cancelled))
        #expect(state.claim(lease(), at: start) == .notDue)
        #expect(state.requestCancel(at: start) == .alreadyOver)
    }

    @Test(arguments: [JobOutcome.completed, .stopped, .failed(message: "No.", mayRepeat: true), .obsolete])
    func aCancelWinsOverHoweverTheRunEnded(_ outcome: JobOutcome) throws {
        let mine = lease()
        var state = try running(mine)
        #expect(state.requestCancel(at: start) == .asked)
        #expect(state.heartbeat(mine.token, progress: .none, until: start) == .cancel)
        #expect(state.finish(outcome, mine.token, at: start, policy: policy) == .end(.cancelled))
        #expect(state.errorMessage == nil)
    }

    @Test func aCancelledJobThatLosesItsWorkerIsCancelled() throws {
        var state = try running(lease(1))
        _ = state.requestCancel(at: start)
        #expect(state.lose(at: start.advanced(by: .seconds(1)), policy: policy) == .end(.cancelled))
    }

    @Test func waitsDoubleUpToTheLongest() {
        let backoff = Backoff(first: .seconds(2), longest: .seconds(300))
        let waits = [1, 2, 3, 8, 9, 64, 1000].map { backoff.delay(after: $0) }
        #expect(waits == [2, 4, 8, 256, 300, 300, 300].map(Duration.seconds))
    }

    @Test func unsoundStatesAreRecognised() throws {
        var state = try running(lease())
        #expect(state.brokenInvariant == nil)
        state.lease = nil
        #expect(state.brokenInvariant == "a lease exactly while running")
        state = JobState(maximumAttempts: 3, runAfter: start)
        state.losses = 1
        #expect(state.brokenInvariant == "no more losses than attempts")
    }

    /// Random transitions: in any order, no invariant breaks and ended jobs stay ended.
    @Test func noOrderOfEventsBreaksARule() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            var state = JobState(maximumAttempts: 3, runAfter: start)
            var tokens: [JobLease.Token] = [ID()]
            var now = start
            for _ in 0..<40 {
                let wasOver = state.status.isOver
                let before = state
                now = now.advanced(by: .seconds(Int.random(in: 0...6, using: &generator)))
                step(&state, &tokens, now, &generator)
                #expect(state.brokenInvariant == nil)
                if wasOver { #expect(state == before) }
            }
        }
    }

    private func step(
        _ state: inout JobState, _ tokens: inout [JobLease.Token], _ now: Timestamp,
        _ generator: inout SystemRandomNumberGenerator
    ) {
        let token = tokens.randomElement(using: &generator) ?? ID()
        let outcomes = [
            JobOutcome.completed, .stopped, .obsolete, .failed(message: "No.", mayRepeat: true),
            .failed(message: "No.", mayRepeat: false), .postponed(step: "x"),
        ]
        switch Int.random(in: 0...9, using: &generator) {
        case 0...3:
            let lease = JobLease(owner: WorkerID(), token: ID(), expires: now.advanced(by: .seconds(5)))
            if state.claim(lease, at: now) == .begin { tokens.append(lease.token) }
        case 4...5:
            let progress = JobProgress(step: "x", fraction: .random(in: 0...1, using: &generator))
            _ = state.heartbeat(token, progress: progress, until: now.advanced(by: .seconds(5)))
        case 6...7:
            _ = state.lose(JobLoss.allCases.randomElement(using: &generator) ?? .unknown, at: now, policy: policy)
        case 8:
            _ = state.finish(outcomes.randomElement(using: &generator) ?? .stopped, token, at: now, policy: policy)
        default:
            if Int.random(in: 0...5, using: &generator) == 0 { _ = state.requestCancel(at: now) }
        }
    }
}
