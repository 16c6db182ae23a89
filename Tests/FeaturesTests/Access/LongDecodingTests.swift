import Dispatch
import Testing

@testable import Features
@testable import Kernel

/// A long body does not block an event loop.
struct LongDecodingTests {
    @Test func aLongBodyIsDecodedBesideTheEventLoop() async throws {
        try await withTaskExecutorPreference(Loop()) {
            let long = try await LongDecoding.run(bytes: (16 << 10) + 1) { Loop.isHere }
            #expect(!long)
            let short = try await LongDecoding.run(bytes: 16 << 10) { Loop.isHere }
            #expect(short)
        }
    }
}

/// Simulates a server's event loop.
private final class Loop: TaskExecutor {
    private static let key = DispatchSpecificKey<Bool>()
    private let queue = DispatchQueue(label: "loop")

    init() {
        queue.setSpecific(key: Self.key, value: true)
    }

    static var isHere: Bool { DispatchQueue.getSpecific(key: key) == true }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
