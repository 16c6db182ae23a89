@preconcurrency import Dispatch
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// Listens for shutdown requests (SIGTERM, SIGINT and, optionally, the end of standard input) and limits how long a
/// shutdown takes.
///
/// A `ServiceGroup` handles only the first signal. Its own timeouts need a thread of Swift's thread pool, all of which
/// may be blocked, and end in a crash, which would be attributed to a worker's jobs. So signals and timeouts are
/// handled on dedicated threads.
final class ProcessShutdown: Service {
    struct Limits {
        /// For requests in progress; their connections are closed afterwards.
        var requests: TimeInterval = 0
        /// For the remaining steps: release jobs, seal the audit trail, close the database.
        var lastSteps: TimeInterval
        /// For the remaining steps after a second signal, which closes connections immediately; `nil` ignores the
        /// second signal.
        var lastStepsInHaste: TimeInterval?
    }

    private let limits: Limits
    private let logger: Logger
    private let closeConnections: @Sendable () -> Int
    private let signals = Atomic(0)
    private let isBegun = Atomic(false)

    /// - Parameter closeConnections: returns the number of connections closed.
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
    ///   - input: its end is also a request.
    ///   - request: shuts the services down; may be called repeatedly.
    func listen(to input: InputEnd?, _ request: @escaping @Sendable () -> Void) {
        for number in [SIGTERM, SIGINT] {
            // The default action would terminate the process before the handler runs.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                // Keeps the source alive: a process listens until it exits.
                withExtendedLifetime(source) { self.received(request) }
            }
            source.resume()
        }
        input?.onEnd {
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
