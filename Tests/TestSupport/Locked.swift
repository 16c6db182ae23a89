import Synchronization

/// A value that a test's tasks share.
package final class Locked<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    package init(_ value: Value) {
        state = Mutex(value)
    }

    package var value: Value { state.withLock { $0 } }

    @discardableResult
    package func withLock<T: Sendable>(_ body: (inout Value) throws -> T) rethrows -> T {
        try state.withLock { value in try body(&value) }
    }
}
