import Basics
import Foundation
import TestSupport
import Testing

/// Processes of genuine Celery, from the environment that `scripts/bootstrap` installs.
enum PythonPeer {
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let peers = package.appending(path: "Tests/CeleryTests/Peers")

    static func process(_ arguments: [String], broker: String) throws -> Process {
        let python = package.appending(path: ".deps/celery/bin/python")
        guard FileManager.default.isExecutableFile(atPath: python.path) else {
            throw PeerFailure(description: "Celery is missing; run scripts/bootstrap")
        }
        let process = Process()
        process.executableURL = python
        process.arguments = arguments
        process.currentDirectoryURL = peers
        process.environment = ProcessInfo.processInfo.environment.merging([
            "BROKER": broker, "BACKEND": broker, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1",
            "C_FORCE_ROOT": "1",
        ]) { $1 }
        return process
    }
}

struct PeerFailure: Error, CustomStringConvertible {
    let description: String
}

/// A Python client that runs code of the tests; one call at a time.
actor PythonClient {
    private let process: Process
    private let input = Pipe()
    private let output = Pipe()
    private var lines: AsyncStream<Data>.Iterator

    init(broker: String) throws {
        process = try PythonPeer.process(["driver.py"], broker: broker)
        process.standardInput = input
        process.standardOutput = output
        let (stream, continuation) = AsyncStream.makeStream(of: Data.self)
        lines = stream.makeAsyncIterator()
        let handle = output.fileHandleForReading
        try process.run()
        TestProcesses.add(process)
        Thread.detachNewThread {
            var buffer = Data()
            while case let chunk = handle.availableData, !chunk.isEmpty {
                buffer.append(chunk)
                while let end = buffer.firstIndex(of: 0x0A) {
                    continuation.yield(Data(buffer[buffer.startIndex..<end]))
                    buffer = Data(buffer[(end + 1)...])
                }
            }
            continuation.finish()
        }
    }

    deinit { if process.isRunning { process.terminate() } }

    private var isReady = false
    private var tail: Task<JSONValue, any Error>?

    /// Runs code and returns what it leaves in `result`.
    func run(_ code: String) async throws -> JSONValue {
        let before = tail
        let task = Task { () throws -> JSONValue in
            _ = try? await before?.value
            return try await exchange(code)
        }
        tail = task
        return try await task.value
    }

    private func exchange(_ code: String) async throws -> JSONValue {
        if !isReady {
            _ = try await line()
            isReady = true
        }
        let request = JSONValue.object(["code": .text(code)]).bytes + [0x0A]
        try input.fileHandleForWriting.write(contentsOf: Data(request))
        let answer = try await line()
        if let error = answer["error"]?.asText {
            throw PeerFailure(description: error + "\n" + (answer["trace"]?.asText ?? ""))
        }
        return answer["result"] ?? .null
    }

    private func line() async throws -> JSONValue {
        var iterator = lines
        let next = await iterator.next(isolation: self)
        lines = iterator
        guard let next else { throw PeerFailure(description: "the Python client has ended") }
        return try JSONValue(reading: next)
    }
}
