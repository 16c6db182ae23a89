import Kernel
import Storage
import Synchronization

/// Why a stream ended, as its last event says.
package enum EventStreamEnd: String, Sendable, CaseIterable {
    /// The task is over.
    case completed
    /// The stream's maximum lifetime is over, or that of its access token: reconnect with a current one.
    case expired
    /// The session has ended, or the user may no longer see the object.
    case revoked
    /// More changes were waiting than are kept for a stream: reconnect and load the lists again.
    case overflow
    /// The server is shutting down: reconnect.
    case shutdown
    /// The database is unavailable: reconnect.
    case unavailable
    /// The client has left a message unread, or a ping unanswered, for too long. It is not told.
    case stalled
    /// The client has closed the connection.
    case closed

    /// Whether the client can be told.
    var isAnnounced: Bool { ![.closed, .stalled].contains(self) }

    /// Whether what waits is still delivered.
    fileprivate var isOrderly: Bool { [.completed, .expired, .shutdown].contains(self) }
}

/// The changes that wait for one stream: references only, one for each object, so that a slow reader costs little and gets
/// the newest state.
final class EventSubscription: Sendable {
    /// What the stream does next.
    enum Step: Sendable, Equatable {
        case send(EventReference)
        case keepAlive
        case checkSession
        case end(EventStreamEnd)
    }

    private struct State {
        var waiting: [EventReference] = []
        var isKeepAliveDue = false
        var isCheckDue = false
        var end: EventStreamEnd?
        var reader: CheckedContinuation<Void, Never>?
        var nextKeepAlive: ContinuousClock.Instant
        var nextCheck: ContinuousClock.Instant
        /// Since when a message waits for the client to read.
        var sendingSince: ContinuousClock.Instant?
        /// Ends the connection.
        var abandon: (@Sendable () -> Void)?

        func isSending(for time: Duration, at now: ContinuousClock.Instant) -> Bool {
            sendingSince.map { now - $0 >= time } ?? false
        }

        mutating func add(_ reference: EventReference, limit: Int) {
            if let index = waiting.firstIndex(where: { $0.object == reference.object }) {
                guard reference.isAfter(waiting[index]) else { return }
                waiting.remove(at: index)
            } else if waiting.count >= limit {
                end = .overflow
                waiting = []
                return
            }
            let place = waiting.lastIndex { !$0.isAfter(reference) }.map { $0 + 1 } ?? 0
            waiting.insert(reference, at: place)
        }

        mutating func takeStep() -> Step? {
            if let end, waiting.isEmpty || !end.isOrderly { return .end(end) }
            if isCheckDue {
                isCheckDue = false
                return .checkSession
            }
            if !waiting.isEmpty { return .send(waiting.removeFirst()) }
            guard isKeepAliveDue else { return nil }
            isKeepAliveDue = false
            return .keepAlive
        }
    }

    let scope: Scope
    let topic: EventTopic
    let transport: EventTransport
    private let settings: EventSettings
    private let expiry: ContinuousClock.Instant
    private let state: Mutex<State>

    /// Longer than a message usually waits.
    private static let stall: Duration = .seconds(1)

    /// - Parameter lifetime: after which the stream ends; at once if it is zero.
    init(
        _ scope: Scope, _ topic: EventTopic, _ transport: EventTransport, lifetime: Duration, settings: EventSettings
    ) {
        self.scope = scope
        self.topic = topic
        self.transport = transport
        self.settings = settings
        let now = ContinuousClock.now
        expiry = now + lifetime
        state = Mutex(
            State(nextKeepAlive: now + settings.keepAlive, nextCheck: now + settings.sessionCheck))
    }

    /// Why the stream has ended; `nil` while it is open.
    var reason: EventStreamEnd? { state.withLock { $0.end } }

    func concerns(_ reference: EventReference) -> Bool {
        reference.institution == scope.institution && topic.includes(reference)
    }

    /// Adds changes in one step; a later one of the same object replaces an earlier one. In the order of the log: a client
    /// that has received an event has received all before it.
    func offer(_ references: [EventReference]) {
        let references = references.filter(concerns)
        guard !references.isEmpty else { return }
        wake { state in
            for reference in references where state.end == nil {
                state.add(reference, limit: settings.waitingLimit)
            }
        }
    }

    /// Ends the stream; what waits is still delivered at an orderly end.
    func end(_ reason: EventStreamEnd) {
        wake { state in
            if state.end == nil { state.end = reason }
        }
    }

    /// The connection is gone.
    func close() {
        wake { state in
            // Another timeout of the connection may come first.
            let wasStalled = state.isSending(for: Self.stall, at: .now)
            if state.end == nil { state.end = wasStalled ? .stalled : .closed }
        }
    }

    /// Called before the first message.
    ///
    /// - Parameter abandon: ends the connection of a client that does not read.
    func begin(abandon: @escaping @Sendable () -> Void) {
        state.withLock { $0.abandon = abandon }
    }

    /// Sends a message, for which the client has a limited time.
    func send(_ message: () async throws -> Void) async throws {
        state.withLock { $0.sendingSince = .now }
        defer { state.withLock { $0.sendingSince = nil } }
        try await message()
    }

    /// Called about once a second.
    func tick(_ now: ContinuousClock.Instant) {
        let abandon = state.withLock { $0.isSending(for: settings.readTimeout, at: now) ? $0.abandon : nil }
        if let abandon {
            end(.stalled)
            abandon()
        }
        wake { state in
            if now >= expiry && state.end == nil { state.end = .expired }
            if now >= state.nextKeepAlive {
                state.isKeepAliveDue = true
                state.nextKeepAlive = now + settings.keepAlive
            }
            if now >= state.nextCheck {
                state.isCheckDue = true
                state.nextCheck = now + settings.sessionCheck
            }
        }
    }

    /// Waits for the next step; only the stream's own task calls it.
    func next() async -> Step {
        while true {
            if ContinuousClock.now >= expiry { end(.expired) }
            if let step = state.withLock({ $0.takeStep() }) { return step }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    wake { $0.reader = continuation }
                }
            } onCancel: {
                end(.closed)
            }
        }
    }

    /// Changes the state, and resumes the reader if there is a step for it.
    private func wake(_ change: (inout State) -> Void) {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
            change(&state)
            let hasStep = state.end != nil || !state.waiting.isEmpty || state.isKeepAliveDue || state.isCheckDue
            guard hasStep else { return nil }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }
}
