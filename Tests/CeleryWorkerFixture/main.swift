// A worker in a process of its own, for tests that kill it and for Benchmarks/celery_worker.py: BROKER QUEUE CONCURRENCY VISIBILITY-TIMEOUT.
import Basics
import Celery
import Foundation
import Logging
import Redis

let arguments = CommandLine.arguments
guard arguments.count == 5, let concurrency = Int(arguments[3]), let visibility = Double(arguments[4]) else {
    FileHandle.standardError.write(Data("usage: CeleryWorkerFixture BROKER QUEUE CONCURRENCY VISIBILITY\n".utf8))
    exit(2)
}
let url = try RedisURL(arguments[1])
var configuration = WorkerConfiguration(
    broker: url, backend: url, nodeName: "fixture-\(ProcessInfo.processInfo.processIdentifier)@localhost",
    queues: [arguments[2]])
configuration.concurrency = concurrency
configuration.visibilityTimeout = visibility
configuration.restoreInterval = min(30, visibility / 2)
let tasks = [
    CeleryTask("bench.noop") { _ in .null },
    CeleryTask("bench.clock") { _ in .number(Date.now.timeIntervalSince1970) },
    CeleryTask("bench.sleep") { context in
        try await Task.sleep(for: .seconds(context.arguments.first?.asNumber ?? 0))
        return .text(context.id)
    },
]
let worker = CeleryWorker(
    configuration, tasks: tasks,
    logger: Logger(label: "fixture") { label in
        var handler = StreamLogHandler.standardError(label: label)
        handler.logLevel = .error
        return handler
    })
signal(SIGTERM, SIG_IGN)
let termination = DispatchSource.makeSignalSource(signal: SIGTERM)
termination.setEventHandler { worker.stop() }
termination.activate()
await worker.run()
