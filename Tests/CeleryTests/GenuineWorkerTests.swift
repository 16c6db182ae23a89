import Basics
import Foundation
import TestSupport
import Testing

@testable import Celery

/// Our client and a genuine Celery worker, which runs during this suite.
@Suite(.serialized)
struct GenuineWorkerTests {
    private static let client = Result { () throws -> CeleryClient in
        let fixture = try CeleryFixture.shared.get()
        return CeleryClient(broker: fixture.url, backend: fixture.url, defaultQueue: "python", origin: "gen1@swift")
    }

    private static func result(of signature: Signature) async throws -> TaskResult? {
        _ = try GenuineWorker.shared.get()
        let client = try client.get()
        let id = try await client.send(signature)
        return try await client.results?.wait(for: id, timeout: 20)
    }

    private static func add(_ numbers: JSONValue...) -> Signature { Signature(task: "python.add", arguments: numbers) }

    @Test func itRunsATaskOfOurs() async throws {
        let result = try await Self.result(of: Self.add(1, 2))
        #expect(result?.state == .success && result?.value == 3 && result?.completedAt != nil)
        var later = Self.add(3, 4)
        later.options.countdown = 0.3
        later.options.priority = 9
        #expect(try await Self.result(of: later)?.value == 7)
    }

    @Test func itsFailureIsRead() async throws {
        let result = try await Self.result(of: Signature(task: "python.fail", arguments: ["broken"]))
        #expect(result?.state == .failure && result?.failure?.type == "ValueError")
        #expect(result?.failure?.description == "ValueError('broken')")
        #expect(result?.traceback?.contains("raise ValueError") == true)
        var expired = Self.add(1, 2)
        expired.options.expires = Date.now.addingTimeInterval(-1)
        #expect(try await Self.result(of: expired)?.state == .revoked)
    }

    @Test func itRunsACanvasOfOurs() async throws {
        let chain = Signature(
            task: "celery.chain", keywords: ["tasks": .list([Self.add(1, 2), Self.add(10)].map(\.json))], kind: .chain)
        #expect(try await Self.result(of: chain)?.value == 13)
        let chord = Signature.chord(
            header: .group([Self.add(1, 1), Self.add(2, 2), Self.add(3, 3)]), body: Signature(task: "python.sum"))
        #expect(try await Self.result(of: chord)?.value == 12)
    }

    /// The parts of one chord run here and there; whoever is last sends the callback.
    @Test func partsOfOneChordRunInBothWorkers() async throws {
        _ = try GenuineWorker.shared.get()
        let fixture = try CeleryFixture.shared.get()
        let result = try await fixture.withWorker([.add]) { queue, _ in
            try await fixture.python.run(
                """
                ours = lambda *args: signature('t.add', args=args, app=app, options={'queue': '\(queue)'})
                theirs = lambda *args: signature('python.add', args=args, app=app, options={'queue': 'python'})
                total = signature('python.sum', app=app, options={'queue': 'python'})
                result = [chord([ours(1, 1), theirs(2, 2), ours(3, 3), theirs(4, 4)], total).apply_async().get(timeout=15),
                          chain(ours(1, 2), theirs(3), ours(4), theirs(5)).apply_async().get(timeout=15)]
                """)
        }
        #expect(result == [20, 15])
    }
}

/// `celery worker` with the tasks of Peers/peer_tasks.py.
final class GenuineWorker: Sendable {
    static let shared = Result { try GenuineWorker() }

    private let process: Process

    private init() throws {
        let fixture = try CeleryFixture.shared.get()
        process = try PythonPeer.process(
            [
                "-m", "celery", "-A", "peer_tasks", "worker", "-Q", "python", "--concurrency", "1", "-n", "python@peer",
                "--loglevel", "WARNING",
            ], broker: fixture.server.url)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        TestProcesses.add(process)
    }
}
