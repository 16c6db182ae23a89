import Foundation
import Kernel
import TestSupport
import Testing

/// A whole installation whose parts fail while it segments: nothing is lost, nothing comes twice, no half file is visible and
/// the audit trail stays valid (docs/faults.md).
///
/// `make test` runs the short form, `make faults` the whole.
@Suite(
    .serialized, .sharedFaultSite,
    .enabled(if: Program.isBuilt && Program.hasModel, "no built program or no model package"))
struct FaultTests {
    /// `kill -9` of server, worker and scheduler at random moments.
    @Test func killsAtRandomMoments() async throws {
        let site = try SharedFaultSite.site
        // Moments are spread over a segmentation, from the start of its worker to its report.
        let begun = ContinuousClock.now
        let first = try await site.acceptedTask()
        try await site.waitUntilIdle()
        let whole = Int((ContinuousClock.now - begun) / .milliseconds(1))
        let longest = FaultPlan.isWhole ? min(whole * 3 / 2, 12_000) : min(whole, 3000)
        let kills = Locked<[FaultSite.Part: Int]>([:])
        let hits = Locked<[String: Int]>([:])
        let tasks = try await site.withLoad(of: FaultPlan.load) { _ in
            var random = SeededGenerator(seed: FaultPlan.seed)
            for round in 0..<FaultPlan.rounds {
                try await Task.sleep(for: .milliseconds(Int.random(in: 0..<longest, using: &random)))
                var victim = FaultSite.Part.allCases[round % 3]
                let isSupervised = !FaultPlan.isWhole || Bool.random(using: &random)
                // A job is given up after ten lost workers, whoever killed them.
                if victim == .worker, try await site.mostLosses() > 5 { victim = .server }
                for step in try await site.runningSteps() { hits.withLock { $0[step, default: 0] += 1 } }
                #expect(site.isRunning(victim), "\(victim) ended by itself: \(site.said(victim))")
                await site.kill(victim)
                kills.withLock { $0[victim, default: 0] += 1 }
                try site.start(victim, isSupervised: isSupervised)
            }
        }
        let counts = FaultSite.Part.allCases.map { "\($0) \(kills.value[$0] ?? 0)" }.joined(separator: ", ")
        let steps = hits.value.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        FaultPlan.publish("kill -9", "seed \(FaultPlan.seed), \(counts); running jobs at these moments: \(steps)")
        try await site.checkIntegrity(after: "kill -9", of: [first] + tasks)
    }

    /// Redis is killed and restarted, then swallows everything.
    @Test func redisFails() async throws {
        let site = try SharedFaultSite.site
        let whileDown = Locked<[AcceptedTask]>([])
        let tasks = try await site.withLoad(of: FaultPlan.load) { _ in
            _ = try await eventually { try await site.unfinished(.imaging) > 0 }
            site.redis.kill()
            // Requests are accepted without it.
            let task = try await site.acceptedTask()
            whileDown.withLock { $0.append(task) }
            try site.redis.start()
            if FaultPlan.isWhole {
                _ = try await eventually(within: .seconds(120)) { try await site.status(of: task).status.isOver }
            }
            site.redisRelay.isSilent = true
            try await Task.sleep(for: FaultPlan.cutOff)
            site.redisRelay.isSilent = false
        }
        try await site.checkIntegrity(after: "Redis", of: tasks + whileDown.value)
    }

    /// PostgreSQL crashes and is restarted, then swallows everything.
    @Test func postgresFails() async throws {
        let site = try SharedFaultSite.site
        let tasks = try await site.withLoad(of: FaultPlan.load) { _ in
            _ = try await eventually { try await site.unfinished(.imaging) > 0 }
            for mode in FaultPlan.isWhole ? [PostgresCluster.StopMode.immediate, .fast] : [.immediate] {
                try await site.cluster.stop(mode)
                try await Task.sleep(for: .seconds(1))
                try await site.cluster.start()
                try await Task.sleep(for: .seconds(1))
            }
            site.databaseRelay.isSilent = true
            try await Task.sleep(for: FaultPlan.cutOff)
            site.databaseRelay.isSilent = false
        }
        try await site.checkIntegrity(after: "PostgreSQL", of: tasks)
    }

    /// The object store answers with errors, late, and with halves.
    @Test func theObjectStoreFails() async throws {
        let site = try SharedFaultSite.site
        let faults: [FaultyProxy.Fault] = [
            .status(500, code: "InternalError"), .slow(seconds: FaultPlan.isWhole ? 5 : 0.5), .halfResponse, .reset,
            .lostResponse,
        ]
        let tasks = try await site.withLoad(of: FaultPlan.load) { accepted in
            site.objects.set { number, _ in number % 3 == 0 ? faults[number / 3 % faults.count] : nil }
            _ = try await eventually(within: .seconds(240)) {
                guard let first = accepted().first else { return false }
                return try await site.status(of: first).status.isOver
            }
            if FaultPlan.isWhole {
                // Longer than all retries of a request.
                site.objects.set { _, _ in .status(503, code: "SlowDown") }
                try await Task.sleep(for: .seconds(60))
            }
            site.objects.set { _, _ in nil }
        }
        try await site.checkIntegrity(after: "object store", of: tasks)
    }

    /// The clock goes back by an hour while jobs run and wait, and their worker dies.
    @Test func theClockIsSetBack() async throws {
        let site = try SharedFaultSite.site
        let tasks = try await site.withLoad(of: FaultPlan.load) { accepted in
            _ = try await eventually { try await site.runningSteps().count > 0 }
            try site.clock.set(seconds: -3600)
            await site.kill(.worker)
            // Nobody reports the loss, and the job's lease ends an hour from now: it is lost after 15 s.
            try site.start(.worker, isSupervised: !FaultPlan.isWhole)
            let isOver = try await eventually(within: .seconds(240)) {
                guard let first = accepted().first else { return false }
                return try await site.status(of: first).status.isOver
            }
            #expect(isOver, "\(site.said(.worker))")
        }
        try await site.waitUntilIdle()
        // Corrected while nothing runs.
        try site.clock.set(seconds: 0)
        try await site.checkIntegrity(after: "clock set back", of: tasks)
    }

    /// Two schedulers start each periodic task once, also while one is killed.
    @Test func twoSchedulersStartEachTaskOnce() async throws {
        let site = try SharedFaultSite.site
        await site.stop(.beat)
        let logs = (1...2).map { site.folder.appendingPathComponent("beat-\($0).log") }
        let beats = try logs.map { try site.run(.beat, log: $0) }
        try await Task.sleep(for: .seconds(FaultPlan.isWhole ? 30 : 3))
        await beats[0].end(SIGKILL)
        try await Task.sleep(for: .seconds(FaultPlan.isWhole ? 30 : 2))
        await beats[1].end(SIGTERM)
        try site.start(.beat)
        let starts = try logs.map { log in
            try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
                .filter { $0.contains("periodic task is due") }.compactMap { Self.time(of: $0) }
        }
        let all = starts.joined().sorted()
        #expect(all.count >= 3, "\(starts)")
        #expect(starts[1].last == all.last)
        // Due every second, by clocks that agree.
        for (time, next) in zip(all, all.dropFirst()) { #expect(next.timeIntervalSince(time) > 0.9) }
        FaultPlan.publish("two schedulers", "\(all.count) due tasks, started by \(starts.map(\.count)), none twice")
    }

    private static func time(of line: Substring) -> Date? {
        line.split(separator: " ").first.flatMap {
            try? Date(String($0), strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        }
    }

    /// A task crashes its worker each time: it is parked with its reason, and the others go on.
    @Test func aPoisonTaskIsParked() async throws {
        let site = try SharedFaultSite.site
        let poison = try await site.acceptedTask()
        let others = Locked<[AcceptedTask]>([])
        var crashes = 0
        let isParked = try await eventually(within: .seconds(240)) {
            if try await site.workerRuns(poison) {
                // As a fault in native code does.
                await site.stop(.worker, SIGSEGV)
                crashes += 1
                try site.start(.worker)
                if others.value.isEmpty {
                    let other = try await site.acceptedTask()
                    others.withLock { $0.append(other) }
                }
            }
            return try await site.status(of: poison).status.isOver
        }
        #expect(isParked && crashes == 3)
        let end = try await site.status(of: poison)
        #expect(end.status == .failed)
        #expect(end.message == "The job was stopped after 3 lost workers. Check the worker's log.")
        try await site.checkIntegrity(after: "poison task", of: others.value, parked: [poison])
    }
}
