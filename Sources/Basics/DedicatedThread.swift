import Foundation

/// A thread for one long calculation, so that it never holds one of Swift's few cooperative threads.
package enum DedicatedThread {
    /// Native libraries use deep stacks: as much as a main thread has.
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
