import Basics
import Foundation
import Kernel
import Storage

/// What the operator is told: whether the parts work, and how much there is to do.
package actor OperationsService {
    private let database: any Database
    private let blobs: any BlobStore
    private let models: InstalledModels
    private let reuse: Duration
    private let limit: Duration
    private var last: (report: HealthReport, at: ContinuousClock.Instant)?
    private var running: Task<HealthReport, Never>?

    /// A job that nobody has begun for this long waits for a worker that is not there.
    static let longestWait: Duration = .seconds(60)
    /// A lease that ran out so long ago was taken up by nobody.
    static let leaseGrace: Duration = .seconds(5)
    /// Small enough to be asked for often, and too large for the last free block.
    private static let probeBytes = 1 << 20

    /// - Parameters:
    ///   - reuse: how long a report is given again: anybody may ask, and each one writes a file.
    ///   - limit: a component that takes longer to answer counts as broken.
    package init(
        database: any Database, blobs: any BlobStore, models: InstalledModels, reuse: Duration = .seconds(5),
        limit: Duration = .seconds(5)
    ) {
        self.database = database
        self.blobs = blobs
        self.models = models
        self.reuse = reuse
        self.limit = limit
    }

    /// The components' states, at most a few seconds old; whoever asks meanwhile gets the same answer.
    package func health() async -> HealthReport {
        if let last, ContinuousClock.now - last.at < reuse { return last.report }
        if let running { return await running.value }
        let task = Task { await look() }
        running = task
        let report = await task.value
        running = nil
        last = (report, .now)
        return report
    }

    /// Numbers for a monitoring system; nil for what the database does not tell now.
    package func numbers() async -> (jobs: [JobCount]?, workers: [WorkerRow]?, pool: PoolLoad) {
        let since = Timestamp.now.advanced(by: .zero - WorkerPresence.timeout)
        let rows = try? await database.read { connection in
            let store = OperationsStore(connection)
            return (try store.jobCounts(), try store.workers(heardSince: since))
        }
        return (rows?.0, rows?.1, database.load)
    }

    /// Forgets workers that died a day ago; run it now and then.
    package func forgetDeadWorkers() async throws {
        let time = Timestamp.now.advanced(by: .seconds(-86_400))
        try await database.write { try OperationsStore($0).removeWorkers(silentSince: time) }
    }

    // MARK: The components

    private func look() async -> HealthReport {
        async let queue = within { try await self.queue() }
        async let storage = within { try await self.storage() }
        async let database = within { try await self.writeDatabase() }
        async let model = within { try await self.model() }
        return HealthReport(components: [
            .database: await database ?? "no response", .queue: await queue ?? "unreadable",
            .storage: await storage ?? "unwritable", .model: await model ?? "missing",
        ])
    }

    /// What can be read may still not be written: a full disk is seen by a commit alone.
    private func writeDatabase() async throws -> String {
        do {
            try await DatabaseProbe(database: database).commit()
            return HealthReport.healthy
        } catch let error as DatabaseError where error.kind == .diskFull {
            return HealthReport.full
        } catch {
            return "unreachable"
        }
    }

    /// Every running job is heard of, and each class of jobs has a worker that was heard of, or no job that waits for one.
    private func queue() async throws -> String {
        let now = Timestamp.now
        let since = now.advanced(by: .zero - WorkerPresence.timeout)
        return try await database.read { connection in
            let store = OperationsStore(connection)
            guard try store.runningJobs(expiredBefore: now.advanced(by: .zero - Self.leaseGrace)) == 0 else {
                return "a running job has no heartbeat"
            }
            let served = try Set(store.workers(heardSince: since).flatMap(\.classes))
            for jobClass in JobClass.allCases where !served.contains(jobClass) {
                guard let waiting = try store.longestWait(of: jobClass, since: now) else { continue }
                if now.since(waiting) >= Self.longestWait { return "jobs are pending and no worker is running" }
            }
            return HealthReport.healthy
        }
    }

    /// A file is kept and removed again.
    private func storage() async throws -> String {
        do {
            let staged = try await blobs.put(Data(count: Self.probeBytes))
            try await blobs.delete(staged.key)
            return HealthReport.healthy
        } catch  where AppError.isDiskFull(error) {
            return HealthReport.full
        }
    }

    /// The package lies here with its digests right, or a worker elsewhere has it loaded.
    private func model() async throws -> String {
        let models = models
        if try await DedicatedThread.run(named: "model", { models.defaultModel() }) != nil {
            return HealthReport.healthy
        }
        let since = Timestamp.now.advanced(by: .zero - WorkerPresence.timeout)
        let workers = try await database.read { try OperationsStore($0).workers(heardSince: since) }
        return workers.contains { $0.model != nil } ? HealthReport.healthy : "no valid model package"
    }

    /// Nil where `body` fails or takes too long; a call that hangs must not let the question hang.
    private nonisolated func within(_ body: @escaping @Sendable () async throws -> String) async -> String? {
        let limit = limit
        let (answers, continuation) = AsyncStream.makeStream(of: String?.self)
        let work = Task { continuation.yield(try? await body()) }
        let clock = Task {
            try await Task.sleep(for: limit)
            continuation.yield(nil)
        }
        defer {
            work.cancel()
            clock.cancel()
        }
        for await answer in answers { return answer }
        return nil
    }
}
