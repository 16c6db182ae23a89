import Foundation

/// A few dedicated threads for blocking calls, so that they do not block Swift's cooperative threads.
///
/// Each thread creates its own `State`, for example a connection, and is the only one to use it.
package final class ThreadPool<State>: Sendable {
    private let queue = WorkQueue<State>()
    private let threads: Int

    package init(name: String, threads: Int, makeState: @escaping @Sendable () -> State) {
        self.threads = max(1, threads)
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
    package func run<T: Sendable>(_ work: @escaping @Sendable (State) throws -> T) async throws -> T {
        try Task.checkCancellation()
        return try await withCheckedThrowingContinuation { continuation in
            let accepted = queue.add { state in
                continuation.resume(with: Result { try work(state) })
            }
            if !accepted { continuation.resume(throwing: ThreadPoolClosed()) }
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

/// The work that waits for a thread; guarded by `condition`, hence unchecked.
private final class WorkQueue<State>: @unchecked Sendable {
    private let condition = NSCondition()
    private var waiting: [@Sendable (State) -> Void] = []
    private var next = 0
    private var busy = 0
    private var isClosed = false

    var load: (busy: Int, waiting: Int) { condition.withLock { (busy, waiting.count - next) } }

    func add(_ item: @escaping @Sendable (State) -> Void) -> Bool {
        condition.withLock {
            guard !isClosed else { return false }
            waiting.append(item)
            condition.signal()
            return true
        }
    }

    func close() {
        condition.withLock {
            isClosed = true
            condition.broadcast()
        }
    }

    func work(with state: State) {
        while let item = take() {
            item(state)
            condition.withLock { busy -= 1 }
        }
    }

    private func take() -> (@Sendable (State) -> Void)? {
        condition.withLock {
            while next == waiting.count {
                if isClosed { return nil }
                condition.wait()
            }
            let item = waiting[next]
            next += 1
            busy += 1
            if next == waiting.count {
                waiting.removeAll(keepingCapacity: true)
                next = 0
            }
            return item
        }
    }
}
