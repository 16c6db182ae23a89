import Kernel
import Logging
import Storage
import Synchronization

/// Reads the log of changes for all streams of this process when it is notified of one; never without streams. The writers
/// may be other processes.
package final class EventFeed: Sendable {
    private struct State {
        var subscriptions: [ObjectIdentifier: EventSubscription] = [:]
        var streams: [UserID: Int] = [:]
        /// Read so far; `nil` unless the log is being read.
        var position: EventPosition?
        /// Ends the wait between two reads.
        var wake: AsyncStream<Void>.Continuation?
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
        let (isOpen, wake) = state.withLock { state -> (Bool, AsyncStream<Void>.Continuation?) in
            guard state.subscriptions.removeValue(forKey: ObjectIdentifier(subscription)) != nil else {
                return (false, nil)
            }
            state.figures.open[subscription.transport, default: 0] -= 1
            state.figures.ended[end, default: 0] += 1
            let others = state.streams[user, default: 1] - 1
            state.streams[user] = others == 0 ? nil : others
            return (true, state.subscriptions.isEmpty ? state.wake : nil)
        }
        wake?.yield()
        guard isOpen, end == .stalled || end == .overflow else { return }
        logger.notice(
            "an event stream of a slow client was dropped",
            metadata: ["reason": "\(end.rawValue)", "protocol": "\(subscription.transport.rawValue)"])
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
        // Of several reasons to read, one is enough.
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.wake = wake }
        let notifications = database.notifications(of: [.events])
        let listening = Task { for await _ in notifications { wake.yield() } }
        let clock = Task { await tick() }
        defer {
            listening.cancel()
            clock.cancel()
        }
        var iterator = wakes.makeAsyncIterator()
        var round = Round(settings)
        while let position = nextPosition() {
            let next = ContinuousClock.now + settings.spacing
            let pause = await read(from: position, &round)
            if pause > .zero {
                let alarm = Task {
                    try await Task.sleep(for: pause)
                    wake.yield()
                }
                await iterator.next()
                alarm.cancel()
                try? await Task.sleep(until: next, clock: .continuous)
            }
        }
    }

    /// What one read leaves for the next.
    private struct Round {
        var progress: [EventObject: JobProgress] = [:]
        /// The wait for older transactions.
        private var delay: Duration
        private let settings: EventSettings

        init(_ settings: EventSettings) {
            self.settings = settings
            delay = settings.spacing
        }

        /// How long nothing is to be read, unless a notification arrives.
        mutating func pause(after extract: EventStore.Extract) -> Duration {
            if extract.isFull && !extract.changes.isEmpty { return .zero }
            let usual = progress.isEmpty ? settings.poll : settings.progressInterval
            guard extract.hasUnsettled else {
                delay = settings.spacing
                return usual
            }
            // The end of an older transaction that logs nothing is not notified.
            defer { delay = min(delay * 2, settings.progressInterval) }
            return min(delay, usual)
        }
    }

    /// - Returns: how long nothing is to be read, unless a notification arrives.
    private func read(from position: EventPosition, _ round: inout Round) async -> Duration {
        do {
            let (extract, running) = try await database.read { connection in
                let store = EventStore(connection)
                return (try store.extract(after: position, limit: Self.batch), try store.running())
            }
            let moved = running.filter { round.progress[$0.reference.object] != $0.value }
            round.progress = Dictionary(
                running.map { ($0.reference.object, $0.value) }, uniquingKeysWith: { first, _ in first })
            deliver(extract.changes, moved.map(\.reference))
            return round.pause(after: extract)
        } catch {
            report(error)
            return Self.outagePause
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

extension NotificationChannel {
    /// A change has been logged (m0029); without payload.
    static let events = NotificationChannel("events")
}
