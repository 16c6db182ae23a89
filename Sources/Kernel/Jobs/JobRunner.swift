import Logging
import Storage
import Synchronization

/// A worker's slot: runs one job after another until it is stopped.
package final class JobRunner: Sendable {
    private struct State {
        var isStopping = false
        var current: JobControl?
        /// Ends the pause of an idle slot.
        var wake: AsyncStream<Void>.Continuation?
    }

    private let queue: JobQueue
    private let worker: WorkerID
    private let logger: Logger
    private let afterJob: @Sendable () -> Void
    private let giveUp: @Sendable () -> Void
    private let state = Mutex(State())
    private let classes: [JobClass]
    private let turns: Mutex<JobTurns>

    /// - Parameters:
    ///   - classes: the classes that it serves.
    ///   - afterJob: called after each job.
    ///   - giveUp: called if a run ignores a stop: its thread cannot be reclaimed, so the process should exit. The run
    ///     no longer holds its job by then.
    package init(
        queue: JobQueue, worker: WorkerID, classes: [JobClass] = JobClass.allCases, logger: Logger,
        afterJob: @escaping @Sendable () -> Void = {},
        giveUp: @escaping @Sendable () -> Void = {}
    ) {
        self.queue = queue
        self.worker = worker
        self.classes = classes
        turns = Mutex(JobTurns(classes))
        self.logger = logger
        self.afterJob = afterJob
        self.giveUp = giveUp
    }

    /// Stops the current job and releases it to other workers; `run` returns soon after.
    package func stop() {
        let (current, wake) = state.withLock { state in
            state.isStopping = true
            return (state.current, state.wake)
        }
        current?.stop(.shutdown)
        wake?.yield()
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private var jobRun: JobRun {
        JobRun(queue: queue, giveUp: giveUp, isStopping: { [self] in isStopping })
    }

    /// Runs until `stop()`.
    package func run() async {
        // Of several reasons to wake up, one is enough.
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.wake = wake }
        let notifications = queue.wakes(of: classes)
        let listening = Task { for await _ in notifications { wake.yield() } }
        defer { listening.cancel() }
        var iterator = wakes.makeAsyncIterator()
        while !isStopping, !Task.isCancelled {
            let pause: Duration
            do {
                if try await workOnce() { continue }
                pause = try await queue.pause(of: classes)
            } catch {
                logger.error("the job queue can't be read", metadata: ["outage": "\(AppError.cause(of: error))"])
                pause = .seconds(1)
            }
            let clock = Task {
                try await Task.sleep(for: pause)
                wake.yield()
            }
            await iterator.next()
            clock.cancel()
        }
    }

    /// Runs one job; returns false if there was none.
    @discardableResult
    package func workOnce() async throws -> Bool {
        let order = turns.withLock { $0.order }
        guard let claim = try await queue.claim(by: worker, of: order) else { return false }
        turns.withLock { $0.take(claim.job.jobClass) }
        let control = JobControl(claim.job, logger: logger)
        let mayBegin = state.withLock {
            $0.current = control
            return !$0.isStopping
        }
        if !mayBegin { control.stop(.shutdown) }
        defer { state.withLock { $0.current = nil } }
        await jobRun.work(claim, control)
        afterJob()
        return true
    }
}
