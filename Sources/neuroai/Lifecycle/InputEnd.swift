import Foundation
import Synchronization

/// Notices the end of standard input, a pipe whose other end the parent process holds: it closes however the parent exits,
/// even on `kill -9`.
///
/// Until `onEnd` is called, the process exits at once: nothing interrupts native code that loads a model.
final class InputEnd: Sendable {
    private let handler = Mutex<@Sendable () -> Void>({ _exit(EXIT_FAILURE) })

    init() {
        let thread = Thread { [self] in
            var byte: UInt8 = 0
            while true {
                let count = read(STDIN_FILENO, &byte, 1)
                if count == 0 || (count < 0 && errno != EINTR) { break }
            }
            handler.withLock { $0 }()
        }
        thread.name = "stdin"
        thread.start()
    }

    /// From now on, calls `handler` once instead of exiting.
    func onEnd(_ handler: @escaping @Sendable () -> Void) {
        self.handler.withLock { $0 = handler }
    }
}
