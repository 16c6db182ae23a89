import Basics
import Foundation
import Kernel
import Storage

/// Health and load for the operator.
package actor OperationsService {
    private let database: any Database
    private let blobs: any BlobStore
    private let models: InstalledModels
    private let dataFolder: URL?
    private let reuse: Duration
    private let limit: Duration
    private var last: (report: HealthReport, at: ContinuousClock.Instant)?
    private var running: Task<HealthReport, Never>?

    /// A job pending for this long has no worker.
    static let longestWait: Duration = .seconds(60)
    /// A lease that expired this long ago was not recovered by any worker.
    static let leaseGrace: Duration = .seconds(5)
    /// Small enough for frequent checks, and too large for the last free block.
    private static let probeBytes = 1 << 20

    /// - Parameters:
    ///   - dataFolder: the folder whose file system is watched.
    ///   - reuse: how long a report is reused: anyone may request it, and each one writes a file.
    ///   - limit: a component that takes longer counts as failed.
    package init(
        database: any Database, blobs: any BlobStore, models: InstalledModels, dataFolder: URL? = nil,
        reuse: Duration = .seconds(5), limit: Duration = .seconds(5)
    ) {
        self.database = database
        self.blobs = blobs
        self.models = models
        self.dataFolder = dataFolder
        self.reuse = reuse
        self.limit = limit
    }

    /// The components' states, at most a few seconds old; concurrent requests share one report.
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

    /// Values for a monitoring system.
    package func numbers() async -> OperationsNumbers {
        let since = Timestamp.now.advanced(by: .zero - WorkerPresence.timeout)
        let rows = try? await database.read { connection in
            let store = OperationsStore(connection)
            return OperationsNumbers.Rows(
                jobs: try store.unfinishedJobs(), workers: try store.workers(heardSince: since),
                storedBytes: try store.storedBytes(), totals: try MetricStore(connection).totals())
        }
        return OperationsNumbers(rows: rows, pool: database.load, dataSpace: await dataSpace())
    }

    private func dataSpace() async -> FileSystemSpace? {
        guard let dataFolder else { return nil }
        return await within { try await DedicatedThread.run(named: "disk") { FileSystemSpace(of: dataFolder) } } ?? nil
    }

    /// Deletes rows of workers that died a day ago; run it periodically.
    ///
    /// - Returns: their number.
    @discardableResult
    package func forgetDeadWorkers() async throws -> Int {
        let time = Timestamp.now.advanced(by: .seconds(-86_400))
        return try await database.write { try OperationsStore($0).removeWorkers(silentSince: time) }
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

    /// A readable database may not be writable: only a commit reveals a full disk.
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

    /// Every running job has a live lease, and each class of jobs has a live worker or no waiting jobs.
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

    /// Stores and removes a file.
    private func storage() async throws -> String {
        do {
            let staged = try await blobs.put(Data(count: Self.probeBytes))
            try await blobs.delete(staged.key)
            return HealthReport.healthy
        } catch  where AppError.isDiskFull(error) {
            return HealthReport.full
        }
    }

    /// The package is installed here with correct digests, or another worker has it loaded.
    private func model() async throws -> String {
        let models = models
        if try await DedicatedThread.run(named: "model", { models.defaultModel() }) != nil {
            return HealthReport.healthy
        }
        let since = Timestamp.now.advanced(by: .zero - WorkerPresence.timeout)
        let workers = try await database.read { try OperationsStore($0).workers(heardSince: since) }
        return workers.contains { $0.model != nil } ? HealthReport.healthy : "no valid model package"
    }

    /// `nil` if `body` fails or takes too long; a blocking call must not block the check.
    private nonisolated func within<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async -> T? {
        let limit = limit
        let (answers, continuation) = AsyncStream.makeStream(of: T?.self)
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
