import Logging
import Storage
import Synchronization

/// A job's status and progress, for its watchers.
package struct JobChange: Sendable, Equatable {
    package let job: ID<JobRecord>
    package let status: JobStatus
    package let progress: JobProgress
}

extension JobChange {
    init(_ row: SQLRow) throws {
        self.init(
            job: try row.get("id"), status: try row.get("status"),
            progress: JobProgress(step: try row.optional("current_step"), fraction: try row.get("progress")))
    }
}

/// Reports the status and progress of jobs to their watchers: one query per tick for the whole process, none without watchers.
package final class JobFeed: Sendable {
    private typealias Key = ID<Watcher>

    private struct Watcher {
        /// The unfinished jobs.
        var jobs: Set<ID<JobRecord>>
        var told: [ID<JobRecord>: JobChange] = [:]
        let changes: AsyncStream<JobChange>.Continuation
        /// Ends it after its timeout; a tick may block longer if the database is unavailable.
        var clock: Task<Void, Never>?

        mutating func setClock(_ clock: Task<Void, Never>) { self.clock = clock }

        /// - Parameter asked: those missing from `present` no longer exist.
        /// - Returns: what the watcher has not been told yet.
        mutating func see(
            _ present: [ID<JobRecord>: JobChange], askedFor asked: Set<ID<JobRecord>>
        ) -> [JobChange] {
            var news: [JobChange] = []
            for job in jobs.intersection(asked) {
                guard let change = present[job] else {
                    jobs.remove(job)
                    continue
                }
                if told[job] != change { news.append(change) }
                told[job] = change
                if change.status.isOver { jobs.remove(job) }
            }
            return news
        }
    }

    private struct State {
        var watchers: [Key: Watcher] = [:]
        var isTicking = false
    }

    private let database: any Database
    private let logger: Logger
    private let interval: Duration
    private let state = Mutex(State())

    /// The wait after a failed tick.
    private static let outagePause: Duration = .seconds(1)

    /// - Parameter interval: the time between queries.
    package init(database: any Database, logger: Logger, interval: Duration = .milliseconds(100)) {
        self.database = database
        self.logger = logger
        self.interval = interval
    }

    /// The current state of each job and then each change, until all jobs have ended or been deleted, the timeout is
    /// over, or the watching task is cancelled. A database outage does not end the stream early.
    ///
    /// The caller must have checked access to these jobs.
    package func changes(of jobs: Set<ID<JobRecord>>, timeout: Duration) -> AsyncStream<JobChange> {
        let (stream, continuation) = AsyncStream.makeStream(of: JobChange.self)
        guard !jobs.isEmpty, timeout > .zero else {
            continuation.finish()
            return stream
        }
        let key = Key()
        continuation.onTermination = { [weak self] _ in self?.forget(key) }
        let mustStart = state.withLock { state in
            state.watchers[key] = Watcher(jobs: jobs, changes: continuation)
            defer { state.isTicking = true }
            return !state.isTicking
        }
        let clock = Task { [weak self] in
            try? await Task.sleep(for: timeout)
            self?.end(key)
        }
        // The stream may have ended by now.
        let isWatching = state.withLock { $0.watchers[key]?.setClock(clock) != nil }
        if !isWatching { clock.cancel() }
        if mustStart { Task { await tick() } }
        return stream
    }

    /// The number of watchers.
    var watcherCount: Int { state.withLock { $0.watchers.count } }

    /// Queries until there are no watchers.
    private func tick() async {
        while let jobs = watchedJobs() {
            do {
                let present = try await database.read { try JobStore($0).progress(of: jobs) }
                tell(present, askedFor: Set(jobs))
                try? await Task.sleep(for: interval)
            } catch {
                logger.warning("jobs can't be watched now", metadata: ["outage": "\(AppError.cause(of: error))"])
                try? await Task.sleep(for: max(interval, Self.outagePause))
            }
        }
    }

    /// `nil`, which ends the ticking, if there are no watchers.
    private func watchedJobs() -> [ID<JobRecord>]? {
        state.withLock { state in
            let jobs = state.watchers.values.reduce(into: Set()) { $0.formUnion($1.jobs) }
            state.isTicking = !jobs.isEmpty
            return jobs.isEmpty ? nil : Array(jobs)
        }
    }

    private func tell(_ present: [JobChange], askedFor asked: Set<ID<JobRecord>>) {
        let byJob = Dictionary(present.map { ($0.job, $0) }, uniquingKeysWith: { $1 })
        let told = state.withLock { state in
            state.watchers.values.indices.map { place in
                let news = state.watchers.values[place].see(byJob, askedFor: asked)
                let watcher = state.watchers.values[place]
                return (watcher.changes, news, isOver: watcher.jobs.isEmpty)
            }
        }
        // Outside the lock, which the streams' termination handlers take.
        for (changes, news, isOver) in told {
            for change in news { changes.yield(change) }
            if isOver { changes.finish() }
        }
    }

    private func end(_ key: Key) {
        state.withLock { $0.watchers[key]?.changes }?.finish()
    }

    private func forget(_ key: Key) {
        state.withLock { $0.watchers.removeValue(forKey: key)?.clock }?.cancel()
    }
}
