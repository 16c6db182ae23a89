import Basics
import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct MetricStoreTests {
    private static func totals(_ database: any Database) async throws -> [MetricTotal] {
        try await database.read { try MetricStore($0).totals() }
    }

    @Test(arguments: TestDatabase.all) func observationsAddUpByBucket(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let seconds = [0.05, 0.1, 0.11, 3600, 4000]
            for half in [seconds[..<2], seconds[2...]] {
                try await database.write { connection in
                    try MetricStore(connection).add(
                        half.map { MetricObservation(.jobStageDuration, ["segment-case", "network"], $0) }
                            + [MetricObservation(.results, ["true"])])
                }
            }
            let totals = try await Self.totals(database)
            #expect(totals.map(\.metric) == [.jobStageDuration, .results])
            var expected = Array(repeating: 0, count: SharedMetric.jobDuration.bounds.count + 1)
            expected[0] = 2
            expected[1] = 1
            expected[expected.count - 2] = 1
            expected[expected.count - 1] = 1
            #expect(totals.first?.counts == expected)
            #expect(abs((totals.first?.sum ?? 0) - seconds.reduce(0, +)) < 1e-9)
            #expect(totals.last?.counts == [2] && totals.last?.labels == ["true"])
        }
    }

    /// Jobs that end at the same time neither lose an observation nor block each other.
    @Test(arguments: TestDatabase.all) func concurrentTransactionsLoseNothing(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        try await database.write { connection in
                            let stages = (0..<5).map {
                                MetricObservation(.jobStageDuration, ["k", "stage \($0)"], Double(number % 3))
                            }
                            try MetricStore(connection).add(number.isMultiple(of: 2) ? stages : stages.reversed())
                        }
                    }
                }
                try await group.waitForAll()
            }
            let totals = try await Self.totals(database)
            #expect(totals.count == 5)
            #expect(totals.allSatisfy { $0.counts.reduce(0, +) == 60 && $0.sum == 60 })
        }
    }

    @Test(arguments: TestDatabase.all) func aRolledBackTransactionCountsNothing(_ kind: TestDatabase) async throws {
        struct RolledBack: Error {}
        try await kind.with { database in
            await #expect(throws: RolledBack.self) {
                try await database.write { connection in
                    try MetricStore(connection).add([MetricObservation(.results, ["true"])])
                    throw RolledBack()
                }
            }
            let totals = try await Self.totals(database)
            #expect(totals.isEmpty)
        }
    }

    // MARK: Jobs

    @Test(arguments: TestDatabase.all) func eachJobIsCountedOnceWhenItEnds(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            try await fixture.enqueue(at: .now.advanced(by: .seconds(-20)))
            let good = ScriptedJob { _, control in
                control.end(stage: "network", after: .seconds(7))
                control.count(MetricObservation(.results, ["false"]))
            }
            #expect(try await fixture.runner(good).workOnce())
            let completed = try await Self.totals(database)
            #expect(
                completed.map(\.labels) == [
                    ["scripted", "completed"], ["scripted", "network"], ["scripted"], ["false"],
                ])
            #expect(completed[1].sum == 7 && completed[2].sum >= 20)

            // The first failure is repeated, the second ends the job; neither has a result or stages.
            try await fixture.enqueue()
            let bad = ScriptedJob { _, control in
                control.end(stage: "network", after: .seconds(7))
                control.count(MetricObservation(.results, ["false"]))
                throw JobFailure(.transient, "No.")
            }
            let runner = fixture.runner(bad)
            #expect(try await runner.workOnce())
            #expect(try await Self.totals(database) == completed)
            let hasRun = try await eventually { try await runner.workOnce() }
            #expect(hasRun)
            let failed = try await Self.totals(database).filter { !completed.contains($0) }
            #expect(failed.map(\.labels) == [["scripted", "failed"], ["scripted"]])
            #expect(failed[1].counts.reduce(0, +) == 2)
        }
    }

    /// Ended by the worker that takes over, not by its own.
    @Test(arguments: TestDatabase.all) func aJobWhoseWorkersDieCountsAsFailed(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            try await fixture.enqueue()
            var policy = JobFixture.policy
            policy.maximumLosses = 1
            let queue = fixture.queue(policy: policy)
            let dead = WorkerID()
            #expect(try await queue.claim(by: dead) != nil)
            try await queue.recover(from: dead)
            #expect(try await Self.totals(database).map(\.labels) == [["scripted", "failed"], ["scripted"]])
        }
    }

    @Test(arguments: TestDatabase.all) func aJobThatNeverStartedIsNotCounted(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let job = try await fixture.enqueue()
            try await fixture.queue().cancel(job)
            #expect(try await fixture.state(job)?.status == .cancelled)
            #expect(try await Self.totals(database).isEmpty)
        }
    }

    // MARK: Scraping

    /// A scrape costs as much with a million finished jobs as with none.
    @Test(arguments: TestDatabase.all) func aScrapeReadsUnfinishedJobsOnly(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let plan = try await database.write { connection in
                let statement = OperationsStore.unfinished
                switch connection.dialect {
                case .sqlite:
                    return try connection.query("EXPLAIN QUERY PLAN \(statement)").map {
                        try $0.get("detail", as: String.self)
                    }
                case .postgres:
                    // An empty table would be scanned unless that is disabled.
                    try connection.executeScript("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
                    return try connection.query("EXPLAIN \(statement)").map {
                        try $0.get("QUERY PLAN", as: String.self)
                    }
                }
            }.joined(separator: "\n")
            #expect(plan.contains("ix_jobs_status_kind"), "\(plan)")
            #expect(plan.contains("status=?") || plan.contains("Index Cond: (status"), "\(plan)")
        }
    }
}
