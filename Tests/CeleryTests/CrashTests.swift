import Basics
import Foundation
import Redis
import TestSupport
import Testing

@testable import Celery

/// A worker process that is killed at random moments.
struct CrashTests {
    private static func start(_ server: RedisServer) throws -> Process {
        let program = PythonPeer.package.appending(path: ".build/debug/CeleryWorkerFixture")
        guard FileManager.default.isExecutableFile(atPath: program.path) else {
            throw PeerFailure(description: "CeleryWorkerFixture is not built")
        }
        let process = Process()
        process.executableURL = program
        process.arguments = [server.url, "q", "4", "1.5"]
        try process.run()
        TestProcesses.add(process)
        return process
    }

    @Test func everyTaskHasItsResultAlthoughWorkersAreKilled() async throws {
        let server = try RedisServer()
        let url = try RedisURL(server.url)
        let client = CeleryClient(broker: url, backend: url, origin: "test")
        let redis = RedisClient(url)
        for number in 0..<400 {
            var signature = Signature(task: "bench.sleep", arguments: [0.02])
            signature.options.taskID = "task-\(number)"
            signature.options.queue = "q"
            try await client.send(signature)
        }
        for _ in 0..<8 {
            let worker = try Self.start(server)
            try await Task.sleep(for: .milliseconds(Int.random(in: 100...400)))
            kill(worker.processIdentifier, SIGKILL)
            worker.waitUntilExit()
        }
        let last = try Self.start(server)
        try await eventually(within: 30, "all tasks have results") {
            try await redis.send(RedisCommand("KEYS", "celery-task-meta-*")).array?.count == 400
        }
        // A message that was running when its worker was killed may have been stored but not acknowledged.
        try await eventually("nothing is left") {
            try await redis.send([RedisCommand("LLEN", "q"), RedisCommand("HLEN", "unacked")]).map(\.integer) == [0, 0]
        }
        last.terminate()
        last.waitUntilExit()
        #expect(last.terminationStatus == 0)
        await redis.shutdown()
        await client.shutdown()
    }
}
