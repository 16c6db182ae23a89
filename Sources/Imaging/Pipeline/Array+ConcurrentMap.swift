import Dispatch
import Synchronization

extension Array where Element: Sendable {
    /// Maps the elements concurrently on the machine's cores; the results are in the array's order.
    ///
    /// - Throws: the error of the first failing element in the array's order.
    package func concurrentMap<Result: Sendable>(
        _ transform: @Sendable (Element) throws -> Result
    ) throws -> [Result] {
        let found = Mutex([Swift.Result<Result, any Error>?](repeating: nil, count: count))
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let result = Swift.Result { try transform(self[index]) }
            found.withLock { $0[index] = result }
        }
        return try found.withLock { try $0.compactMap { try $0?.get() } }
    }
}
