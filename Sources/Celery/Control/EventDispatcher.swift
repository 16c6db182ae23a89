import Basics
import Foundation
import Synchronization

/// Publishes events for monitors (https://docs.celeryq.dev/en/stable/userguide/monitoring.html#event-reference) on the fanout
/// exchange `celeryev`. Events of tasks are sent together after a moment, as Celery does.
final class EventDispatcher: Sendable {
    private static let exchange = "celeryev"
    private static let delay: Duration = .milliseconds(100)
    /// Kept while the broker cannot be reached; older ones are dropped.
    private static let buffered = 1000

    private struct State {
        var sendsTaskEvents: Bool
        var buffer: [JSONValue] = []
        var isFlushing = false
    }

    private let broker: Broker
    private let nodeName: String
    private let clock: LamportClock
    private let processID = Int(ProcessInfo.processInfo.processIdentifier)
    private let state: Mutex<State>

    init(_ broker: Broker, nodeName: String, clock: LamportClock, sendsTaskEvents: Bool) {
        self.broker = broker
        self.nodeName = nodeName
        self.clock = clock
        state = Mutex(State(sendsTaskEvents: sendsTaskEvents))
    }

    /// - Returns: whether that is a change.
    func setTaskEvents(_ isOn: Bool) -> Bool {
        state.withLock { state in
            defer { state.sendsTaskEvents = isOn }
            return state.sendsTaskEvents != isOn
        }
    }

    /// Hours west of Greenwich, as `celery.utils.time.utcoffset` has it.
    private static var utcOffset: Int { Int((-Double(TimeZone.current.secondsFromGMT()) / 3600).rounded(.down)) }

    private func event(_ type: String, _ fields: [String: JSONValue]) -> JSONValue {
        let own: [String: JSONValue] = [
            "type": .text(type), "hostname": .text(nodeName), "utcoffset": .integer(Self.utcOffset),
            "pid": .integer(processID), "clock": .integer(clock.forward()),
            "timestamp": .number(Date.now.timeIntervalSince1970),
        ]
        return .object(fields.merging(own) { $1 })
    }

    private func message(_ body: JSONValue) -> KombuMessage {
        KombuMessage(body: body, headers: ["hostname": .text(nodeName)], properties: ["delivery_mode": 1])
    }

    /// `worker-online` and so on, at once.
    func sendWorker(_ type: String, _ fields: [String: JSONValue]) async {
        let routingKey = type.replacingOccurrences(of: "-", with: ".")
        try? await broker.publish(message(event(type, fields)), exchange: Self.exchange, routingKey: routingKey)
    }

    /// `task-received` and so on, in the order of the calls.
    func sendTask(_ type: String, id: String, _ fields: @autoclosure () -> [String: JSONValue] = [:]) {
        guard state.withLock({ $0.sendsTaskEvents }) else { return }
        let event = event(type, fields().merging(["uuid": .text(id)]) { $1 })
        let begins = state.withLock { state in
            state.buffer.append(event)
            defer { state.isFlushing = true }
            return !state.isFlushing
        }
        guard begins else { return }
        Task {
            try? await Task.sleep(for: Self.delay)
            await flush()
        }
    }

    func flush() async {
        let events = state.withLock { state in
            defer {
                state.buffer = []
                state.isFlushing = false
            }
            return state.buffer
        }
        guard !events.isEmpty else { return }
        do {
            try await broker.publish(message(.list(events)), exchange: Self.exchange, routingKey: "task.multi")
        } catch {
            state.withLock { $0.buffer = Array((events + $0.buffer).suffix(Self.buffered)) }
        }
    }
}
