@preconcurrency import Dispatch
import Foundation
import Synchronization

/// Tells once that the process should end: on SIGTERM, SIGINT or, where asked for, the end of standard input.
final class StopSignal: Sendable {
    /// What must be done by then is done; whoever hangs is ended, and its lease frees its job.
    private static let grace: TimeInterval = 10

    private let isRaised = Atomic(false)
    private let action: @Sendable () -> Void
    private let sources: [any DispatchSourceSignal]

    init(_ action: @escaping @Sendable () -> Void) {
        self.action = action
        sources = [SIGTERM, SIGINT].map { number in
            // The default action would end the process before the handler runs.
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: .global())
        }
        for source in sources {
            // Holds itself: a process listens until it ends.
            source.setEventHandler { self.raise() }
            source.resume()
        }
    }

    /// The server holds the other end of the pipe: it closes however the server ends, by kill -9 as well.
    func watchStandardInput() {
        let thread = Thread { [self] in
            var byte: UInt8 = 0
            while true {
                let count = read(STDIN_FILENO, &byte, 1)
                if count == 0 || (count < 0 && errno != EINTR) { break }
            }
            raise()
        }
        thread.name = "stdin"
        thread.start()
    }

    private func raise() {
        guard !isRaised.exchange(true, ordering: .relaxed) else { return }
        let thread = Thread {
            Thread.sleep(forTimeInterval: Self.grace)
            _exit(EXIT_FAILURE)
        }
        thread.name = "grace"
        thread.start()
        action()
    }
}
