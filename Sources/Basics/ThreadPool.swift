import Foundation

/// A few dedicated threads for blocking calls, so that they do not block Swift's cooperative threads.
///
/// Each thread creates its own `State`, for example a connection, and is the only one to use it.
package final class ThreadPool<State>: Sendable {
    private let queue = WorkQueue<State>()
    private let threads: Int
    private let queueTimeout: Duration

    /// - Parameter queueTimeout: how long work waits for a free thread; zero waits for ever.
    package init(
        name: String, threads: Int, queueTimeout: Duration = .zero, makeState: @escaping @Sendable () -> State
    ) {
        self.threads = max(1, threads)
        self.queueTimeout = queueTimeout
        for number in 0..<max(1, threads) {
            let thread = Thread { [queue] in queue.work(with: makeState()) }
            thread.name = "\(name)-\(number)"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    deinit {
        queue.close()
    }

    /// Runs `work` on the next free thread, in the order of the calls.
    ///
    /// - Throws: `ThreadPoolTimeout` if no thread was free in time; `work` has not run then.
    package func run<T: Sendable>(_ work: @escaping @Sendable (State) throws -> T) async throws -> T {
        try Task.checkCancellation()
        return try await withCheckedThrowingContinuation { continuation in
            let item = WorkItem<State>(
                deadline: queueTimeout > .zero ? .now + queueTimeout : nil,
                run: { state in continuation.resume(with: Result { try work(state) }) },
                refuse: { continuation.resume(throwing: $0) })
            switch queue.add(item) {
            case .closed: item.refuse(ThreadPoolClosed())
            case .accepted(let needsClock):
                if needsClock { Task { [queue] in await queue.expire() } }
            }
        }
    }

    /// Completes waiting work and rejects new work.
    package func close() {
        queue.close()
    }

    /// The current load.
    package var load: PoolLoad {
        let (busy, waiting) = queue.load
        return PoolLoad(places: threads, busy: busy, waiting: waiting)
    }
}

/// The load of a pool.
package struct PoolLoad: Sendable, Equatable {
    /// The maximum number of concurrent calls.
    package let places: Int
    package let busy: Int
    /// The number of waiting calls.
    package let waiting: Int

    package init(places: Int, busy: Int, waiting: Int) {
        self.places = places
        self.busy = busy
        self.waiting = waiting
    }
}

/// The pool was called after it had been closed.
package struct ThreadPoolClosed: Error {}

/// Work waited too long for a thread.
package struct ThreadPoolTimeout: Error {}

/// One call's work.
private struct WorkItem<State>: Sendable {
    /// When it stops waiting; all items of a pool wait equally long, so the oldest expires first.
    let deadline: ContinuousClock.Instant?
    let run: @Sendable (State) -> Void
    let refuse: @Sendable (any Error) -> Void
}

/// The work that waits for a thread; guarded by `condition`, hence unchecked.
private final class WorkQueue<State>: @unchecked Sendable {
    private let condition = NSCondition()
    private var waiting: [WorkItem<State>] = []
    private var next = 0
    private var busy = 0
    private var idle = 0
    private var isClosed = false
    /// Whether a task waits for the next deadline.
    private var hasClock = false

    enum Answer {
        case closed
        /// - Parameter needsClock: the caller must call `expire`.
        case accepted(needsClock: Bool)
    }

    var load: (busy: Int, waiting: Int) { condition.withLock { (busy, waiting.count - next) } }

    func add(_ item: WorkItem<State>) -> Answer {
        condition.withLock {
            guard !isClosed else { return .closed }
            waiting.append(item)
            condition.signal()
            // Usually a thread is free, and no clock is needed.
            let needsClock = item.deadline != nil && !hasClock && waiting.count - next > idle
            if needsClock { hasClock = true }
            return .accepted(needsClock: needsClock)
        }
    }

    /// Refuses work whose time is over, until no work waits.
    func expire() async {
        while let deadline = refuseExpired() { try? await Task.sleep(until: deadline) }
    }

    /// - Returns: the next deadline; `nil`, which ends the clock, if no work waits.
    private func refuseExpired() -> ContinuousClock.Instant? {
        let (expired, deadline) = condition.withLock {
            let now = ContinuousClock.now
            let first = next
            while next < waiting.count, let deadline = waiting[next].deadline, deadline <= now { next += 1 }
            let expired = Array(waiting[first..<next])
            let deadline = next < waiting.count ? waiting[next].deadline : nil
            hasClock = deadline != nil
            clearTaken()
            return (expired, deadline)
        }
        for item in expired { item.refuse(ThreadPoolTimeout()) }
        return deadline
    }

    func close() {
        condition.withLock {
            isClosed = true
            condition.broadcast()
        }
    }

    func work(with state: State) {
        while let item = take() {
            item.run(state)
            condition.withLock { busy -= 1 }
        }
    }

    private func take() -> WorkItem<State>? {
        condition.withLock {
            while next == waiting.count {
                if isClosed { return nil }
                idle += 1
                condition.wait()
                idle -= 1
            }
            let item = waiting[next]
            next += 1
            busy += 1
            clearTaken()
            return item
        }
    }

    /// Under constant load there is always something left, so that it must not wait until all is taken.
    private func clearTaken() {
        guard next == waiting.count || next >= 1024 else { return }
        waiting.removeFirst(next)
        next = 0
    }
}
