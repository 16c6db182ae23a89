import Kernel
import Logging
import Storage
import Synchronization

/// Reads the log of changes for all streams of this process: one query per interval, none without streams. The writers may
/// be other processes.
package final class EventFeed: Sendable {
    private struct State {
        var subscriptions: [ObjectIdentifier: EventSubscription] = [:]
        var streams: [UserID: Int] = [:]
        /// Read so far; `nil` unless the log is being read.
        var position: EventPosition?
        var isStopped = false
        var figures = EventFigures()
    }

    private let database: any Database
    private let logger: Logger
    package let settings: EventSettings
    private let state = Mutex(State())

    /// The wait after a failed query.
    private static let outagePause: Duration = .seconds(1)
    /// Rows per query.
    private static let batch = 500

    package init(database: any Database, logger: Logger, settings: EventSettings = EventSettings()) {
        self.database = database
        self.logger = logger
        self.settings = settings
    }

    package var figures: EventFigures { state.withLock { $0.figures } }

    /// Adds a stream, which receives what is logged after `end` or after what has been read, whichever is later.
    ///
    /// - Throws: too many requests beyond the user's limit, unavailable beyond the process's and during shutdown.
    func add(_ subscription: EventSubscription, from end: EventPosition) throws {
        let user = subscription.scope.user
        let mustStart = try state.withLock { state in
            guard !state.isStopped, state.subscriptions.count < settings.streams else {
                throw AppError(.unavailable, "No more event streams at the moment. Try again later.", retryAfter: 5)
            }
            guard state.streams[user, default: 0] < settings.streamsPerUser else {
                throw AppError(
                    .tooManyRequests, "You have \(settings.streamsPerUser) open event streams. Close one of them.",
                    retryAfter: 5)
            }
            state.subscriptions[ObjectIdentifier(subscription)] = subscription
            state.streams[user, default: 0] += 1
            state.figures.open[subscription.transport, default: 0] += 1
            guard state.position == nil else { return false }
            state.position = end
            return true
        }
        if mustStart { Task { await run() } }
    }

    func remove(_ subscription: EventSubscription) {
        let user = subscription.scope.user
        let end = subscription.reason ?? .closed
        state.withLock { state in
            guard state.subscriptions.removeValue(forKey: ObjectIdentifier(subscription)) != nil else { return }
            state.figures.open[subscription.transport, default: 0] -= 1
            state.figures.ended[end, default: 0] += 1
            let others = state.streams[user, default: 1] - 1
            state.streams[user] = others == 0 ? nil : others
        }
    }

    func countSent(_ transport: EventTransport) {
        state.withLock { $0.figures.sent[transport, default: 0] += 1 }
    }

    func report(_ error: any Error) {
        logger.warning("events can't be read now", metadata: ["outage": "\(AppError.cause(of: error))"])
    }

    /// Ends all streams, and refuses new ones; for shutdown.
    package func stop() {
        let open = state.withLock { state in
            state.isStopped = true
            return Array(state.subscriptions.values)
        }
        for subscription in open { subscription.end(.shutdown) }
    }

    /// Runs until there are no streams.
    private func run() async {
        let clock = Task { await tick() }
        await readLog()
        clock.cancel()
    }

    private func readLog() async {
        var progress: [EventObject: JobProgress] = [:]
        while let position = nextPosition() {
            do {
                let (changes, running) = try await database.read { connection in
                    let store = EventStore(connection)
                    return (try store.changes(after: position, limit: Self.batch), try store.running())
                }
                let moved = running.filter { progress[$0.reference.object] != $0.value }
                progress = Dictionary(
                    running.map { ($0.reference.object, $0.value) }, uniquingKeysWith: { first, _ in first })
                deliver(changes, moved.map(\.reference))
                if changes.count < Self.batch { try? await Task.sleep(for: settings.interval) }
            } catch {
                report(error)
                try? await Task.sleep(for: Self.outagePause)
            }
        }
    }

    /// `nil`, which ends the reading, if there are no streams.
    private func nextPosition() -> EventPosition? {
        state.withLock { state in
            if state.subscriptions.isEmpty { state.position = nil }
            return state.position
        }
    }

    private func deliver(_ changes: [LoggedEvent], _ progress: [EventReference]) {
        let open = state.withLock { state in
            if let last = changes.last { state.position = last.position }
            return Array(state.subscriptions.values)
        }
        var references: [EventReference] = []
        var ended: Set<SessionID> = []
        for change in changes {
            switch change.change {
            case .object(let reference): references.append(reference)
            case .sessionEnd(let session): ended.insert(session)
            }
        }
        references += progress
        for subscription in open {
            if let session = subscription.scope.session, ended.contains(session) {
                subscription.end(.revoked)
            } else {
                subscription.offer(references)
            }
        }
    }

    /// Keeps the streams' time, independently of the database.
    private func tick() async {
        while !Task.isCancelled {
            let now = ContinuousClock.now
            for subscription in state.withLock({ Array($0.subscriptions.values) }) { subscription.tick(now) }
            try? await Task.sleep(for: min(.seconds(1), settings.keepAlive))
        }
    }
}
