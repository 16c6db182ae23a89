import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Web

/// The whole service over a real socket, with its log.
struct LiveClinic: Sendable {
    let client: any TestClientProtocol
    let log: LogRecord
    let port: UInt16
    let services: WebServices
    let database: any Database

    static func with(
        settings change: @escaping @Sendable (inout WebSettings) -> Void = { _ in },
        sessions: SessionSettings = SessionSettings(),
        events changeEvents: @escaping @Sendable (inout EventSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (LiveClinic) async throws -> Void
    ) async throws {
        try await TestDatabase.sqlite.with { database in
            try await TemporaryFolder.with { folder in
                let blobs = try DiskBlobStore(root: folder.appendingPathComponent("media"))
                var events = EventSettings()
                events.progressInterval = .milliseconds(20)
                changeEvents(&events)
                let services = try await WebFixture.services(
                    database, blobs, (sessions, AccountSettings()), events: events, change)
                let log = LogRecord()
                var logger = Logger(label: "test") { _ in RecordingLogHandler(record: log) }
                logger.logLevel = .debug
                let application = Application(
                    router: try services.router(),
                    server: ServerLimits.http(clientTimeout: 5, connections: OpenConnections()), logger: logger)
                try await application.test(.live) { client in
                    let port = try #require(client.port.flatMap { UInt16(exactly: $0) })
                    try await body(
                        LiveClinic(client: client, log: log, port: port, services: services, database: database))
                }
            }
        }
    }

    /// The response to these bytes.
    func answer(to request: some Collection<UInt8>, isEnd: Bool = false) async throws -> String {
        try #require(try await RawConnection(port).answer(to: request, isEnd: isEnd, within: 20), "no answer")
    }

    /// The status code; 0 if there is none.
    func status(of request: some Collection<UInt8>, isEnd: Bool = false) async throws -> Int {
        let line = try await answer(to: request, isEnd: isEnd).prefix { $0 != "\r\n" }
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }
}

/// A logger's messages with their levels.
final class LogRecord: Sendable {
    private let lines = Mutex<[(level: Logger.Level, text: String)]>([])

    func add(_ level: Logger.Level, _ text: String) {
        lines.withLock { $0.append((level, text)) }
    }

    /// Those of at least this level.
    func lines(from level: Logger.Level) -> [String] {
        lines.withLock { lines in lines.filter { $0.level >= level }.map(\.text) }
    }
}

private struct RecordingLogHandler: LogHandler {
    let record: LogRecord
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    init(record: LogRecord) { self.record = record }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        record.add(event.level, "\(event.message) \(event.metadata ?? [:])")
    }
}
