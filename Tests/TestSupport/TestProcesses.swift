import Foundation
import Synchronization

/// Processes that end with the tests.
package enum TestProcesses {
    private static let all = Mutex<[Int32]>([])
    private static let registration: Void = {
        atexit { TestProcesses.all.withLock { for process in $0 { kill(process, SIGKILL) } } }
    }()

    package static func add(_ process: Process) {
        _ = registration
        all.withLock { $0.append(process.processIdentifier) }
    }

    /// Runs a process to its end.
    package static func output(of process: sending Process) async throws -> String {
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        add(process)
        let handle = pipe.fileHandleForReading
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(returning: String(decoding: handle.readDataToEndOfFile(), as: UTF8.self))
            }
        }
    }
}
