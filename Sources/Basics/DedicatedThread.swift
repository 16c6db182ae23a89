import Foundation

/// A thread for a long calculation, so that it does not block one of Swift's few cooperative threads.
package enum DedicatedThread {
    /// Native libraries use deep stacks: the size of a main thread's.
    private static let stackBytes = 8 << 20

    package static func run<T: Sendable>(named name: String, _ work: @escaping @Sendable () throws -> T) async throws
        -> T
    {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result(catching: work)) }
            thread.name = name
            thread.stackSize = stackBytes
            thread.start()
        }
    }
}
