import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// The queue's transactions, on both databases.
@Suite struct JobQueueTests {
    private struct Refusal: Error {}

    @Test(arguments: TestDatabase.all)
    func whatIsRolledBackWasNeverAskedFor(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            await #expect(throws: Refusal.self) {
                try await database.write { connection in
                    try JobStore(connection).enqueue(
                        ScriptedJob.self, ScriptedJob.Parameters(id: ID()), institution: JobFixture.institution)
                    throw Refusal()
                }
            }
            let claim = try await fixture.queue().claim(by: WorkerID())
            #expect(claim == nil)
        }
    }

    @Test(arguments: TestDatabase.all)
    func eightWorkersNeverGetTheSameJob(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            var asked: Set<ID<JobRecord>> = []
            for _ in 0..<40 { asked.insert(try await fixture.enqueue()) }
            let taken = try await withThrowingTaskGroup(of: [ID<JobRecord>].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var mine: [ID<JobRecord>] = []
                        let worker = WorkerID()
                        while mine.count <= 40, let claim = try await fixture.queue().claim(by: worker) {
                            mine.append(claim.job.id)
                        }
                        return mine
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(taken.count == 40)
            #expect(Set(taken) == asked)
        }
    }

    @Test(arguments: TestDatabase.all)
    func firstComesWhatMattersAndThenWhatWaitsLonger(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let now = Timestamp.now
            let second = try await fixture.enqueue(at: now.advanced(by: .seconds(-5)))
            let third = try await fixture.enqueue(at: now.advanced(by: .seconds(-4)))
            let first = try await fixture.enqueue(priority: 1, at: now)
            var order: [ID<JobRecord>] = []
            while order.count <= 3, let claim = try await fixture.queue().claim(by: WorkerID(), at: now) {
                order.append(claim.job.id)
            }
            #expect(order == [first, second, third])
        }
    }

    @Test(arguments: TestDatabase.all)
    func aClockThatIsSetBackHoldsNoJob(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            var policy = JobFixture.policy
            policy.lease = .milliseconds(1500)
            let (queue, other) = (fixture.queue(policy: policy), fixture.queue(policy: policy))
            let past = Timestamp.now.advanced(by: .seconds(-3600))
            let id = try await fixture.enqueue()
            let claim = try #require(try await queue.claim(by: WorkerID(), at: past))
            #expect(claim.job.id == id)
            // A lease of the time before.
            #expect(try await queue.heartbeat(claim, .none) == .goOn)
            // Only a lease that nobody extends is lost.
            for _ in 1...4 {
                #expect(try await other.claim(by: WorkerID(), at: past) == nil)
                try await Task.sleep(for: .milliseconds(500))
                #expect(try await queue.heartbeat(claim, .none) == .goOn)
            }
            #expect(try await other.claim(by: WorkerID(), at: past) == nil)
            try await Task.sleep(for: .seconds(2))
            let second = try #require(try await other.claim(by: WorkerID(), at: past))
            #expect(second.job.id == id && second.job.state.losses == 1)
            #expect(try await queue.finish(claim, .completed) == .leaseLost)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aLostLeaseIsTakenOverAndTheFirstWorkerWritesNothing(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let queue = fixture.queue()
            let id = try await fixture.enqueue()
            let first = try #require(try await queue.claim(by: WorkerID()))
            #expect(try await queue.claim(by: WorkerID()) == nil)
            let later = Timestamp.now.advanced(by: .seconds(16))
            let second = try #require(try await queue.claim(by: WorkerID(), at: later))
            #expect(second.job.id == id)
            #expect(try await queue.look(first) == .leaseLost)
            #expect(try await queue.heartbeat(first, .none) == .leaseLost)
            let write: JobWrites = { try $0.execute("UPDATE institutions SET name = 'written by the first'") }
            #expect(try await queue.finish(first, .completed, writes: write) == .leaseLost)
            let name = try await database.read {
                try $0.queryOne("SELECT name FROM institutions")?.get("name", as: String.self)
            }
            #expect(name == "Default institution")
            #expect(try await queue.finish(second, .completed) == .end(.completed))
            #expect(try await fixture.count("end.completed") == 1)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aHeartbeatKeepsTheLease(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let queue = fixture.queue()
            let id = try await fixture.enqueue()
            let claim = try #require(try await queue.claim(by: WorkerID()))
            let later = Timestamp.now.advanced(by: .seconds(14))
            let progress = JobProgress(step: "Half", fraction: 0.5)
            #expect(try await queue.heartbeat(claim, progress, at: later) == .goOn)
            #expect(try await queue.claim(by: WorkerID(), at: later.advanced(by: .seconds(14))) == nil)
            #expect(try await fixture.state(id)?.progress == progress)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aDeadWorkersJobsAreFreeAtOnce(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let queue = fixture.queue()
            let id = try await fixture.enqueue()
            let dead = WorkerID()
            _ = try #require(try await queue.claim(by: dead))
            try await queue.recover(from: WorkerID())
            #expect(try await fixture.state(id)?.status == .running)
            try await queue.recover(from: dead)
            #expect(try await fixture.state(id)?.losses == 1)
            #expect(try await queue.claim(by: WorkerID())?.job.id == id)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aJobThatKillsItsWorkersIsGivenUp(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            var policy = JobFixture.policy
            policy.maximumLosses = 3
            let queue = fixture.queue(policy: policy)
            let id = try await fixture.enqueue()
            var now = Timestamp.now
            for _ in 1...3 {
                let worker = WorkerID()
                _ = try #require(try await queue.claim(by: worker, at: now))
                try await queue.recover(from: worker, at: now)
                now = now.advanced(by: .seconds(2))
            }
            let state = try #require(try await fixture.state(id))
            #expect(state.status == .failed)
            #expect(try await queue.claim(by: WorkerID(), at: now) == nil)
            #expect(try await fixture.count("end.failed") == 1)
        }
    }

    @Test(arguments: TestDatabase.all)
    func othersKindsAreLeftAlone(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            try await JobFixture(database: database).enqueue()
            let queue = JobQueue(database: database, handlers: [], logger: JobFixture.logger)
            #expect(try await queue.claim(by: WorkerID()) == nil)
        }
    }

    @Test(arguments: TestDatabase.all)
    func theSchemaRefusesALeaseWithoutARun(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let id = try await JobFixture(database: database).enqueue()
            let error = await #expect(throws: DatabaseError.self) {
                try await database.write { connection in
                    try connection.execute("UPDATE jobs SET status = 'running' WHERE id = \(id)")
                }
            }
            #expect(error?.kind == .checkViolation)
        }
    }
}
