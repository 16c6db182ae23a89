import Basics
import Celery
import Foundation
import Kernel
import Storage

/// Sends jobs to workers as Celery tasks.
struct CeleryJobBroker: JobBroker {
    let client: CeleryClient

    init(_ settings: BrokerSettings) {
        client = CeleryClient(
            broker: settings.broker, backend: settings.backend, defaultQueue: BrokerSettings.defaultQueue,
            origin: "neuroai@\(ProcessInfo.processInfo.hostName)")
    }

    func send(_ message: JobMessage) async throws {
        var options = SignatureOptions()
        options.taskID = message.id
        options.queue = message.jobClass.queue
        let now = Timestamp.now
        if message.runAfter > now, !message.runAfter.isMisdated(at: now) { options.eta = message.runAfter.date }
        // As OpenTelemetry's instrumentation of Celery does.
        if let trace = message.trace { options.headers[LogTracer.header] = .text(trace.traceparent) }
        try await client.send(
            Signature(task: message.taskName, keywords: message.arguments.mapValues { .text($0) }, options: options))
    }

    func waiting(_ jobClass: JobClass) async throws -> Int {
        try await client.messageCount(in: jobClass.queue)
    }

    /// Sends a task that has no job, such as maintenance.
    func send(task: String, arguments: [JSONValue] = [], keywords: [String: JSONValue] = [:], queue: String?)
        async throws
    {
        var options = SignatureOptions()
        options.queue = queue
        try await client.send(Signature(task: task, arguments: arguments, keywords: keywords, options: options))
    }
}
