import Logging
import Storage
import Synchronization
import TestSupport

@testable import Features
@testable import Kernel

/// Reads a stream in a task of its own.
final class EventRecorder: Sendable {
    private let stream: EventStream
    private let reading: Task<Void, any Error>
    private let received: Received

    private final class Received: Sendable {
        let messages = Mutex<[EventMessage]>([])
        let isOver = Mutex(false)
    }

    init(_ stream: EventStream) {
        let received = Received()
        self.stream = stream
        self.received = received
        reading = Task {
            defer { received.isOver.withLock { $0 = true } }
            try await stream.forEach(abandon: {}) { message in received.messages.withLock { $0.append(message) } }
        }
    }

    var messages: [EventMessage] { received.messages.withLock { $0 } }
    /// Each message in words.
    var words: [String] { messages.map(\.words) }
    /// The ID of the last message that has one.
    var lastID: String? { messages.compactMap(\.id).last }

    /// Waits until there are as many messages; keep-alives count.
    func waitForMessages(_ count: Int) async -> [String] {
        _ = await eventually { messages.count >= count }
        return words
    }

    /// Ends as if the client were gone.
    func close() async throws {
        stream.close()
        try await reading.value
    }

    /// Waits for the stream's end; closes a stream that does not end.
    func waitForEnd() async throws -> [String] {
        if await !eventually({ received.isOver.withLock { $0 } }) { stream.close() }
        try await reading.value
        return words
    }
}

extension EventMessage {
    var words: String {
        switch content {
        case .ready: "ready"
        case .resync: "resync"
        case .keepAlive: "keep-alive"
        case .end(let reason): "end \(reason)"
        case .object(.case(let item)): "case \(item.patientID) \(item.status)"
        case .object(.task(let task)): "task \(task.status) \(task.percentage)"
        case .object(.report(let report)): "report \(report.status)"
        case .object(.deleted(.case, _)): "deleted case"
        case .object(.deleted): "deleted"
        }
    }
}

extension EventsService {
    /// A server process of its own on `database`; its streams are silent while nothing happens.
    static func onServer(
        _ database: any Database, _ change: (inout EventSettings) -> Void = { _ in }
    ) -> EventsService {
        var settings = EventSettings()
        settings.progressInterval = .milliseconds(20)
        // Only notifications bring changes.
        settings.poll = .seconds(3600)
        settings.keepAlive = .seconds(3600)
        change(&settings)
        return EventsService(
            database: database, audit: AuditService(database: database),
            feed: EventFeed(database: database, logger: Logger(label: "test"), settings: settings))
    }

    func record(
        _ person: Person, _ topic: EventTopic = .all, after id: String? = nil
    ) async throws -> EventRecorder {
        EventRecorder(try await open(person.principal, topic, after: id, over: .serverSentEvents))
    }
}
