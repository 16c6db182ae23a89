import Basics
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Jobs that messages carry: a message may be lost or arrive twice, and the row decides.
@Suite struct JobMessagesTests {
    /// Keeps messages instead of sending them.
    private final class Mailbox: JobBroker {
        private struct State {
            var sent: [JobMessage] = []
            var isDown = false
            var waiting = 0
        }

        private let state = Mutex(State())

        var sent: [JobMessage] { state.withLock { $0.sent } }
        func set(isDown: Bool) { state.withLock { $0.isDown = isDown } }
        func set(waiting: Int) { state.withLock { $0.waiting = waiting } }

        func send(_ message: JobMessage) async throws {
            try state.withLock {
                guard !$0.isDown else { throw BlobError.closed }
                $0.sent.append(message)
            }
        }

        func waiting(_ jobClass: JobClass) async throws -> Int { state.withLock { $0.waiting } }
    }

    private static func publisher(_ database: any Database, _ mailbox: Mailbox) -> JobPublisher {
        JobPublisher(
            database: database, broker: mailbox, kinds: [JobMessageHandler(ScriptedJob.self)],
            logger: JobFixture.logger, timeout: .seconds(30))
    }

    private static func runner(
        _ database: any Database, _ job: ScriptedJob, policy: JobPolicy = JobFixture.policy
    ) -> MessageRunner {
        let queue = JobQueue(
            database: database, handlers: [JobHandler(job)], logger: JobFixture.logger, policy: policy,
            usesMessages: true)
        return MessageRunner(queue: queue, worker: WorkerID(), logger: JobFixture.logger)
    }

    @Test(arguments: TestDatabase.all) func eachJobIsSentOnce(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let mailbox = Mailbox()
            var jobs: Set<String> = []
            for _ in 1...20 { jobs.insert(try await fixture.enqueue().string) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 1...4 { group.addTask { try await Self.publisher(database, mailbox).publish() } }
                try await group.waitForAll()
            }
            #expect(mailbox.sent.count == 20)
            #expect(Set(mailbox.sent.map(\.id)) == jobs)
            #expect(mailbox.sent.allSatisfy { $0.taskName == ScriptedJob.taskName && $0.jobClass == .imaging })
            #expect(try await Self.publisher(database, mailbox).publish() == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func aJobThatCouldNotBeSentIsSentLater(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let mailbox = Mailbox()
            let job = try await JobFixture(database: database).enqueue()
            mailbox.set(isDown: true)
            await #expect(throws: BlobError.self) { try await Self.publisher(database, mailbox).publish() }
            mailbox.set(isDown: false)
            try await Self.publisher(database, mailbox).publish()
            #expect(mailbox.sent.map(\.id) == [job.string])
        }
    }

    @Test(arguments: TestDatabase.all) func aJobThatCannotBeReadHoldsUpNoOther(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let unreadable = try await fixture.enqueue()
            try await database.write { try $0.execute("UPDATE jobs SET parameters = '{}' WHERE id = \(unreadable)") }
            let job = try await fixture.enqueue()
            let mailbox = Mailbox()
            try await Self.publisher(database, mailbox).publish()
            #expect(mailbox.sent.map(\.id) == [unreadable.string, job.string])
            guard case .failed = try await Self.runner(database, ScriptedJob()).run(unreadable) else {
                throw BlobError.missing
            }
        }
    }

    @Test(arguments: TestDatabase.all) func aLostMessageIsSentAgainOnceNoOtherWaits(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let mailbox = Mailbox()
            let publisher = Self.publisher(database, mailbox)
            let now = Timestamp.now
            try await JobFixture(database: database).enqueue(at: now)
            try await publisher.publish(at: now)
            mailbox.set(waiting: 1)
            for (seconds, count) in [(29, 0), (31, 0)] {
                let time = now.advanced(by: .seconds(seconds))
                try await publisher.recoverLost(at: time)
                #expect(try await publisher.publish(at: time) == count, "it waits behind another message")
            }
            mailbox.set(waiting: 0)
            for (seconds, count) in [(29, 0), (31, 1), (32, 0)] {
                let time = now.advanced(by: .seconds(seconds))
                try await publisher.recoverLost(at: time)
                #expect(try await publisher.publish(at: time) == count, "after \(seconds) s")
            }
            // The clock has been set back by an hour.
            let past = now.advanced(by: .seconds(-3600))
            try await publisher.recoverLost(at: past)
            #expect(try await publisher.publish(at: past) == 1)
        }
    }

    @Test(arguments: TestDatabase.all) func aMessageRunsItsJobOnce(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let job = try await fixture.enqueue()
            let runner = Self.runner(database, ScriptedJob())
            let result = try await runner.run(job)
            guard case .completed(let values) = result else { throw BlobError.missing }
            #expect(values["job_id"] == job.string && values["status"] == "completed")
            #expect(try await runner.run(job) == result, "a message delivered again has the same result")
            #expect(try await fixture.count("result") == 1)
            #expect(try await runner.run(ID()) == .missing)
        }
    }

    @Test(arguments: TestDatabase.all) func aSecondMessageDoesNotRunARunningJob(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let job = try await JobFixture(database: database).enqueue()
            let other = Self.runner(database, ScriptedJob())
            let runner = Self.runner(
                database,
                ScriptedJob { _, _ in
                    let outcome = try await other.run(job)
                    #expect(outcome == .runsElsewhere)
                })
            guard case .completed = try await runner.run(job) else { throw BlobError.missing }
        }
    }

    @Test(arguments: TestDatabase.all) func aFailedRunIsRepeatedByItsMessage(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let mailbox = Mailbox()
            let job = try await JobFixture(database: database).enqueue()
            try await Self.publisher(database, mailbox).publish()
            var policy = JobFixture.policy
            policy.backoff = Backoff(first: .seconds(600), longest: .seconds(600))
            let failing = ScriptedJob { _, _ in throw JobFailure(.transient, "Not now.") }
            let runner = Self.runner(database, failing, policy: policy)
            guard case .again(let time, "Not now.") = try await runner.run(job) else { throw BlobError.missing }
            #expect(time > .now.advanced(by: .seconds(300)))
            #expect(try await Self.publisher(database, mailbox).publish() == 0, "the worker sends the message again")
            // Delivered too early.
            guard case .again = try await runner.run(job) else { throw BlobError.missing }
            try await database.write { try $0.execute("UPDATE jobs SET run_after = 0") }
            #expect(try await runner.run(job) == .failed("Not now."))
        }
    }

    @Test(arguments: TestDatabase.all) func aLostRunIsSentAgain(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let mailbox = Mailbox()
            let fixture = JobFixture(database: database)
            let job = try await fixture.enqueue()
            try await Self.publisher(database, mailbox).publish()
            // A worker that died while it ran the job.
            let dead = WorkerID()
            let queue = fixture.queue()
            _ = try await queue.claim(job, by: dead)
            try await queue.recover(from: dead)
            try await Self.publisher(database, mailbox).publish()
            #expect(mailbox.sent.map(\.id) == [job.string, job.string])
        }
    }

    /// No worker receives a message meanwhile: the dead one's is not delivered again before the visibility timeout.
    @Test(arguments: TestDatabase.all) func anIdleWorkerRecoversTheJobOfADeadOne(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            var policy = JobFixture.policy
            policy.lease = .milliseconds(300)
            let queue = JobQueue(
                database: database, handlers: [JobHandler(ScriptedJob())], logger: JobFixture.logger, policy: policy,
                usesMessages: true)
            let mailbox = Mailbox()
            let fixture = JobFixture(database: database)
            let job = try await fixture.enqueue()
            try await Self.publisher(database, mailbox).publish()
            _ = try await queue.claim(job, by: WorkerID())
            let idle = MessageRunner(queue: queue, worker: WorkerID(), logger: JobFixture.logger)
            let recovery = Task { await idle.recoverExpired() }
            #expect(try await eventually { try await fixture.state(job)?.status == .pending })
            recovery.cancel()
            await recovery.value
            try await Self.publisher(database, mailbox).publish()
            #expect(mailbox.sent.map(\.id) == [job.string, job.string])
        }
    }

    @Test(arguments: TestDatabase.all) func theOperatorCancelsARunningJob(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let pending = try await fixture.enqueue()
            let job = try await fixture.enqueue()
            let runner = Self.runner(
                database,
                ScriptedJob { _, control in
                    while true {
                        try control.checkStop()
                        try await Task.sleep(for: .milliseconds(10))
                    }
                })
            try await runner.cancel(pending)
            #expect(try await runner.run(pending) == .cancelled)
            let run = Task { try await runner.run(job) }
            try await Task.sleep(for: .milliseconds(200))
            try await runner.cancel(job)
            #expect(try await run.value == .cancelled)
        }
    }
}
