import Basics
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Storage

@Suite struct ThreadPoolTests {
    /// Counts the callers inside and releases none until four have entered.
    private final class Meeting: Sendable {
        private struct State {
            var inside = 0
            var most = 0
            var arrivals = 0
        }

        private let state = Mutex(State())

        var most: Int { state.withLock { $0.most } }

        func attend() {
            state.withLock { state in
                state.inside += 1
                state.arrivals += 1
                state.most = max(state.most, state.inside)
            }
            let end = ContinuousClock.now + .seconds(60)
            while state.withLock({ $0.arrivals < 4 }), ContinuousClock.now < end { Thread.sleep(forTimeInterval: 0.01) }
            state.withLock { $0.inside -= 1 }
        }
    }

    @Test func workRunsInParallelUpToTheThreads() async throws {
        let pool = ThreadPool<Void>(name: "test", threads: 4) {}
        let meeting = Meeting()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { try await pool.run { meeting.attend() } } }
            try await group.waitForAll()
        }
        #expect(meeting.most == 4)
    }

    @Test func aClosedPoolRefuses() async throws {
        let pool = ThreadPool<Void>(name: "test", threads: 1) {}
        pool.close()
        await #expect(throws: ThreadPoolClosed.self) { try await pool.run {} }
    }

    @Test func workThatWaitsTooLongIsRefused() async throws {
        let pool = ThreadPool<Void>(name: "test", threads: 1, queueTimeout: .milliseconds(200)) {}
        let isOver = Locked(false)
        let mark = Locked(0)
        let long = Task {
            try await pool.run { while !isOver.withLock({ $0 }) { Thread.sleep(forTimeInterval: 0.01) } }
        }
        try #require(await eventually { pool.load.busy > 0 })
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    await #expect(throws: ThreadPoolTimeout.self) { try await pool.run { mark.withLock { $0 += 1 } } }
                }
            }
        }
        #expect(.now - start >= .milliseconds(200))
        isOver.withLock { $0 = true }
        try await long.value
        #expect(pool.load.waiting == 0)
        // What was refused never runs, and the pool goes on.
        try await pool.run { mark.withLock { $0 += 10 } }
        #expect(mark.withLock { $0 } == 10)
    }
}
