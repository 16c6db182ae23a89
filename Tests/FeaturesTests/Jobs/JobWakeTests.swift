import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Idle workers are woken, not kept polling: here they would poll every ten minutes.
@Suite struct JobWakeTests {
    private static var policy: JobPolicy {
        var policy = JobFixture.policy
        policy.poll = .seconds(600)
        return policy
    }

    /// Runs `body` beside an idle worker of another process; `count` is the number of runs so far.
    private static func withWorker(
        _ kind: TestDatabase, fails: Bool = false,
        _ body: @escaping @Sendable (JobFixture, _ count: @escaping @Sendable () -> Int) async throws -> Void
    ) async throws {
        try await kind.withPlace { open in
            let (server, worker) = (try open(), try open())
            try await Migrator.migrate(server)
            let runs = Locked(0)
            let job = ScriptedJob { _, _ in
                let run = runs.withLock {
                    $0 += 1
                    return $0
                }
                if fails, run == 1 { throw JobFailure(.transient, "Once more.") }
            }
            let runner = JobFixture(database: worker).runner(job, policy: policy)
            async let loop: Void = runner.run()
            // Until it is idle.
            try await Task.sleep(for: .seconds(1))
            try await body(JobFixture(database: server)) { runs.withLock { $0 } }
            runner.stop()
            await loop
            try await server.close()
            try await worker.close()
        }
    }

    @Test(arguments: TestDatabase.all) func aNewJobWakesThem(_ kind: TestDatabase) async throws {
        try await Self.withWorker(kind) { fixture, count in
            for number in 1...3 {
                try await fixture.enqueue()
                #expect(await eventually { count() == number })
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    @Test(arguments: TestDatabase.all) func aJobThatWaitsForALaterTimeWakesThem(_ kind: TestDatabase) async throws {
        try await Self.withWorker(kind, fails: true) { fixture, count in
            try await fixture.enqueue()
            #expect(await eventually { count() == 2 })
            try await fixture.enqueue(at: .now.advanced(by: .seconds(1)))
            #expect(await eventually { count() == 3 })
        }
    }

    /// Two workers claim at once: the second gets the next job without waiting for the first.
    @Test func aJobThatIsBeingClaimedIsPassedOver() async throws {
        try await TestDatabase.postgres.with { database in
            let fixture = JobFixture(database: database)
            let first = try await fixture.enqueue()
            let second = try await fixture.enqueue()
            let isOver = Locked(false)
            defer { isOver.withLock { $0 = true } }
            let hold = Task {
                try await database.write { connection in
                    let job = try JobStore(connection).lockDue(.imaging, ["scripted"], at: .now)
                    while !isOver.withLock({ $0 }) { Thread.sleep(forTimeInterval: 0.001) }
                    return job?.id
                }
            }
            try await Task.sleep(for: .milliseconds(300))
            let claim = try await fixture.queue().claim(by: WorkerID())
            isOver.withLock { $0 = true }
            let held = try await hold.value
            #expect(Set([held, claim?.job.id]) == Set([first, second]))
        }
    }
}
