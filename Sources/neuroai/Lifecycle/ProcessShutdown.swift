@preconcurrency import Dispatch
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// Hears that the process is to end (SIGTERM, SIGINT or, where asked for, the end of standard input) and bounds how long that takes.
///
/// A `ServiceGroup` hears the first signal alone. Its own time limits need one of Swift's threads, which may all be blocked, and end in
/// a crash, which a worker's jobs would be blamed for. So signals are heard and time is kept on threads of their own.
final class ProcessShutdown: Service {
    struct Limits {
        /// For requests that are under way; then their connections are closed.
        var requests: TimeInterval = 0
        /// For what follows: jobs are released, the audit trail is sealed, the database is closed.
        var lastSteps: TimeInterval
        /// For what follows a second signal, which gives requests no time; nil ignores it.
        var lastStepsInHaste: TimeInterval?
    }

    private let limits: Limits
    private let logger: Logger
    private let closeConnections: @Sendable () -> Int
    private let signals = Atomic(0)
    private let isBegun = Atomic(false)

    /// - Parameter closeConnections: says how many there were.
    init(_ limits: Limits, logger: Logger, closeConnections: @escaping @Sendable () -> Int = { 0 }) {
        self.limits = limits
        self.logger = logger
        self.closeConnections = closeConnections
    }

    func run() async throws {
        try? await gracefulShutdown()
        begin()
    }

    /// - Parameters:
    ///   - includingInput: whoever started this process holds the other end of standard input, which closes however that one ends, by
    ///     kill -9 as well.
    ///   - request: shuts the services down; called once and again.
    func listen(includingInput: Bool, _ request: @escaping @Sendable () -> Void) {
        for number in [SIGTERM, SIGINT] {
            // The default action would end the process before the handler runs.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                // Holds the source: a process listens until it ends.
                withExtendedLifetime(source) { self.received(request) }
            }
            source.resume()
        }
        guard includingInput else { return }
        Self.thread("stdin") {
            var byte: UInt8 = 0
            while true {
                let count = read(STDIN_FILENO, &byte, 1)
                if count == 0 || (count < 0 && errno != EINTR) { break }
            }
            self.begin()
            request()
        }
    }

    private func received(_ request: () -> Void) {
        begin()
        request()
        if signals.add(1, ordering: .relaxed).newValue == 2, let haste = limits.lastStepsInHaste {
            end(after: 0, within: haste)
        }
    }

    private func begin() {
        guard !isBegun.exchange(true, ordering: .relaxed) else { return }
        logger.notice("stopping", metadata: ["timeout": "\(limits.requests) s"])
        end(after: limits.requests, within: limits.lastSteps)
    }

    private func end(after wait: TimeInterval, within grace: TimeInterval) {
        Self.thread("shutdown") { [closeConnections, logger] in
            Thread.sleep(forTimeInterval: wait)
            let count = closeConnections()
            if count > 0 { logger.warning("closed connections", metadata: ["count": "\(count)"]) }
            Thread.sleep(forTimeInterval: grace)
            logger.error("shutdown timed out; exiting")
            _exit(EXIT_FAILURE)
        }
    }

    private static func thread(_ name: String, _ work: @escaping @Sendable () -> Void) {
        let thread = Thread(block: work)
        thread.name = name
        thread.start()
    }
}
