import Logging
import Tracing

/// The trace of one run of a job: a span, and one below it for each stage.
package struct JobTrace: Sendable {
    /// Its lines name the job and the request that created it.
    let logger: Logger
    private let tracer: LogTracer
    private let span: LogSpan

    init(_ job: JobRecord, logger: Logger) {
        var log = logger
        log[metadataKey: "job"] = "\(job.id)"
        log[metadataKey: "kind"] = "\(job.kind)"
        // As in the server's log: one search finds the request and its jobs.
        if let request = job.requestID { log[metadataKey: "id"] = "\(request)" }
        self.init(job.kind, below: job.trace, logger: log)
    }

    /// - Parameter parent: the span that created the job; `nil` starts a new trace.
    init(
        _ name: String = "job", below parent: TraceContext? = nil,
        logger: Logger = Logger(label: "job") { _ in SwiftLogNoOpLogHandler() }
    ) {
        self.logger = logger
        tracer = LogTracer(logger: logger)
        var context = ServiceContext.topLevel
        context.trace = parent
        span = tracer.startSpan(name, context: context, ofKind: .consumer)
    }

    /// The run's place in the trace; jobs that it creates come below it.
    package var context: TraceContext { span.trace }

    /// Lines logged by `work` carry the run's IDs.
    func run<T>(_ work: () async -> T) async -> T {
        await ServiceContext.withValue(span.context, operation: work)
    }

    /// The same for work on another thread.
    package func run<T>(onThread work: () throws -> T) rethrows -> T {
        try ServiceContext.withValue(span.context, operation: work)
    }

    /// Records a stage that has just ended.
    func end(stage: String, after duration: Duration) {
        let now = DefaultTracerClock.now
        let start =
            now.nanosecondsSinceEpoch - min(now.nanosecondsSinceEpoch, UInt64(max(0, duration / .nanoseconds(1))))
        tracer.startSpan(
            stage, context: span.context, at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: start)
        ).end(at: now)
    }

    /// Records the end of the run.
    func end() { span.end() }
}
