import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct RequestCoalescerTests {
    /// A read that ends when it is released, and counts its runs.
    private final class SlowRead: Sendable {
        private let state = Mutex<(begun: Int, places: [CheckedContinuation<Void, Never>])>((0, []))

        var begun: Int { state.withLock { $0.begun } }

        func run() async -> Int {
            await withCheckedContinuation { place in
                state.withLock {
                    $0.begun += 1
                    $0.places.append(place)
                }
            }
            return begun
        }

        func letGo() {
            for place in state.withLock({ state in
                defer { state.places = [] }
                return state.places
            }) { place.resume() }
        }

        func waitUntilBegun(_ count: Int) async {
            while begun < count { await Task.yield() }
        }
    }

    @Test func whoComesDuringAReadGetsALaterOneThatAllShare() async throws {
        let reads = RequestCoalescer<String>()
        let slow = SlowRead()
        async let first = reads.value(for: "a") { await slow.run() }
        await slow.waitUntilBegun(1)
        let later = (0..<5).map { _ in Task { try await reads.value(for: "a") { await slow.run() } } }
        #expect(await eventually { reads.waiterCount(for: "a") == later.count })
        #expect(slow.begun == 1)
        slow.letGo()
        #expect(try await first == 1)
        await slow.waitUntilBegun(2)
        slow.letGo()
        for task in later { #expect(try await task.value == 2) }
        #expect(slow.begun == 2)
    }

    @Test func othersDoNotWait() async throws {
        let reads = RequestCoalescer<String>()
        let slow = SlowRead()
        async let first = reads.value(for: "a") { await slow.run() }
        await slow.waitUntilBegun(1)
        #expect(try await reads.value(for: "b") { 7 } == 7)
        slow.letGo()
        _ = try await first
        #expect(try await reads.value(for: "a") { 8 } == 8)
    }

    @Test func aFailureIsSharedButNotWhenTheReaderWentAway() async throws {
        let reads = RequestCoalescer<String>()
        for (error, isShared) in [(AppError(.notFound, "none") as any Error, true), (CancellationError(), false)] {
            let slow = SlowRead()
            async let first = reads.value(for: "a") { await slow.run() }
            await slow.waitUntilBegun(1)
            let later = (0..<3).map { _ in
                Task {
                    try await reads.value(for: "a") { () async throws -> Int in
                        guard await slow.run() > 2 else { throw error }
                        return 9
                    }
                }
            }
            #expect(await eventually { reads.waiterCount(for: "a") == later.count })
            slow.letGo()
            _ = try await first
            await slow.waitUntilBegun(2)
            slow.letGo()
            if !isShared {
                await slow.waitUntilBegun(4)
                slow.letGo()
            }
            var failed = 0
            for task in later { if await (try? task.value) == nil { failed += 1 } }
            #expect(failed == (isShared ? 3 : 1))
        }
    }
}
