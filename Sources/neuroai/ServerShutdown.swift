@preconcurrency import Dispatch
import Foundation
import Logging
import Synchronization
import Web

/// Bounds how long a server takes to end: the first SIGTERM or SIGINT gives requests some time, a second one gives none.
///
/// The HTTP server itself stops listening at the first one and returns when its connections are closed.
final class ServerShutdown: Sendable {
    /// What follows the last connection: the worker releases its job, the audit trail is sealed, the database is closed.
    private static let lastSteps: TimeInterval = 12
    private static let lastStepsInHaste: TimeInterval = 3

    private let signals = Atomic(0)
    private let timeout: Duration
    private let connections: OpenConnections
    private let logger: Logger
    private let begin: @Sendable () -> Void
    private let sources: [any DispatchSourceSignal]

    /// - Parameter begin: called at the first signal, for what can stop beside the requests.
    init(
        timeout: Duration, connections: OpenConnections, logger: Logger, begin: @escaping @Sendable () -> Void
    ) {
        self.timeout = timeout
        self.connections = connections
        self.logger = logger
        self.begin = begin
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: .global())
        }
        for source in sources {
            // Holds itself: a process listens until it ends.
            source.setEventHandler { self.received() }
            source.resume()
        }
    }

    private func received() {
        switch signals.add(1, ordering: .relaxed).newValue {
        case 1:
            logger.notice("stopping", metadata: ["timeout": "\(timeout)"])
            begin()
            end(after: timeout / .seconds(1), within: Self.lastSteps)
        case 2: end(after: 0, within: Self.lastStepsInHaste)
        default: break
        }
    }

    private func end(after wait: TimeInterval, within grace: TimeInterval) {
        let thread = Thread { [connections, logger] in
            Thread.sleep(forTimeInterval: wait)
            let count = connections.closeAll()
            if count > 0 { logger.warning("closed connections", metadata: ["count": "\(count)"]) }
            Thread.sleep(forTimeInterval: grace)
            logger.error("shutdown timed out; exiting")
            _exit(EXIT_FAILURE)
        }
        thread.name = "shutdown"
        thread.start()
    }
}
