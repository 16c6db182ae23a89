import Basics
import Foundation
import Logging

/// Publishes events for monitors (https://docs.celeryq.dev/en/stable/userguide/monitoring.html#event-reference) on the fanout
/// exchange `celeryev`. Events of tasks are sent together after a moment, as Celery does.
actor EventDispatcher {
    private static let exchange = "celeryev"
    private static let delay: Duration = .milliseconds(100)
    private static let atOnce = 24
    /// Kept while the broker cannot be reached; older ones are dropped.
    private static let buffered = 1000

    private let broker: Broker
    private let nodeName: String
    private let clock: LamportClock
    private let processID = Int(ProcessInfo.processInfo.processIdentifier)
    private(set) var sendsTaskEvents: Bool
    private var buffer: [JSONValue] = []
    private var flushing: Task<Void, Never>?

    init(_ broker: Broker, nodeName: String, clock: LamportClock, sendsTaskEvents: Bool) {
        self.broker = broker
        self.nodeName = nodeName
        self.clock = clock
        self.sendsTaskEvents = sendsTaskEvents
    }

    /// - Returns: whether that is a change.
    func setTaskEvents(_ isOn: Bool) -> Bool {
        defer { sendsTaskEvents = isOn }
        return sendsTaskEvents != isOn
    }

    private func event(_ type: String, _ fields: [String: JSONValue]) -> JSONValue {
        let own: [String: JSONValue] = [
            "type": .text(type), "hostname": .text(nodeName), "utcoffset": 0, "pid": .integer(processID),
            "clock": .integer(clock.forward()), "timestamp": .number(Date.now.timeIntervalSince1970),
        ]
        return .object(fields.merging(own) { $1 })
    }

    /// `worker-online` and so on, at once.
    func sendWorker(_ type: String, _ fields: [String: JSONValue]) async {
        let message = KombuMessage(
            body: event(type, fields), headers: ["hostname": .text(nodeName)], properties: ["delivery_mode": 1])
        try? await broker.publish(
            message, exchange: Self.exchange, routingKey: type.replacingOccurrences(of: "-", with: "."))
    }

    /// `task-received` and so on.
    func sendTask(_ type: String, id: String, _ fields: [String: JSONValue] = [:]) async {
        guard sendsTaskEvents else { return }
        buffer.append(event(type, fields.merging(["uuid": .text(id)]) { $1 }))
        if buffer.count >= Self.atOnce { return await flush() }
        guard flushing == nil else { return }
        flushing = Task {
            try? await Task.sleep(for: Self.delay)
            await flush()
        }
    }

    func flush() async {
        flushing = nil
        guard !buffer.isEmpty else { return }
        let events = buffer
        buffer = []
        let message = KombuMessage(
            body: .list(events), headers: ["hostname": .text(nodeName)], properties: ["delivery_mode": 1])
        do {
            try await broker.publish(message, exchange: Self.exchange, routingKey: "task.multi")
        } catch {
            buffer = Array((events + buffer).suffix(Self.buffered))
        }
    }
}
