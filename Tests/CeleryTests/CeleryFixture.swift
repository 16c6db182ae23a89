import Basics
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Celery
@testable import Redis

/// A Redis, a genuine Celery client and what workers record; started once for all suites.
final class CeleryFixture: Sendable {
    let server: RedisServer
    let python: PythonClient
    let url: RedisURL
    let redis: RedisClient

    static let shared = Result { try CeleryFixture() }

    private init() throws {
        server = try RedisServer()
        url = try RedisURL(server.url)
        python = try PythonClient(broker: server.url)
        redis = RedisClient(url)
    }

    /// A worker on a queue of its own, while `body` runs.
    func withWorker<T: Sendable>(
        _ tasks: [CeleryTask], configure: (inout WorkerConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (_ queue: String, CeleryWorker) async throws -> T
    ) async throws -> T {
        let queue = "q-\(UniqueID.make().prefix(8))"
        var configuration = WorkerConfiguration(broker: url, backend: url, nodeName: "swift@\(queue)", queues: [queue])
        configuration.defaultQueue = queue
        configuration.shutdownTimeout = 5
        configure(&configuration)
        let worker = CeleryWorker(configuration, tasks: tasks, logger: .quiet)
        let first = configuration.queues[0]
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await worker.run() }
            let result: Result<T, any Error>
            do { result = .success(try await body(first, worker)) } catch { result = .failure(error) }
            worker.stop()
            try await group.waitForAll()
            return try result.get()
        }
    }
}

/// Waits until a condition holds.
func eventually(
    within seconds: Double = 10, _ what: String, _ condition: () async throws -> Bool
) async throws {
    let end = Date.now.addingTimeInterval(seconds)
    while Date.now < end {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    throw PeerFailure(description: "not within \(seconds) s: \(what)")
}

/// What handlers note down.
final class Notes: Sendable {
    private let entries = Mutex<[String]>([])

    func add(_ entry: String) { entries.withLock { $0.append(entry) } }

    var all: [String] { entries.withLock { $0 } }
}

extension Logger {
    static let quiet = Logger(label: "celery-tests") { _ in SwiftLogNoOpLogHandler() }
}

extension CeleryTask {
    static let add = CeleryTask("t.add") { context in
        .integer(context.arguments.compactMap(\.asInteger).reduce(0, +))
    }
}
