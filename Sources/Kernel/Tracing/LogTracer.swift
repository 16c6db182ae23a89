import Logging
import Synchronization
import Tracing

/// Writes each span to a log when it ends. It keeps and exports nothing (docs/decisions/0705).
package struct LogTracer: Tracer {
    private let logger: Logger
    private let level: Logger.Level

    package init(logger: Logger, level: Logger.Level = .info) {
        self.logger = logger
        self.level = level
    }

    /// A span below that of `context`, or the first of a new trace.
    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> LogSpan {
        LogSpan(
            operationName, in: context(), from: instant().nanosecondsSinceEpoch, logger: logger, level: level)
    }

    package func forceFlush() {}

    /// Continues the caller's trace if its `traceparent` is valid.
    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        context.trace = extractor.extract(key: Self.header, from: carrier).flatMap(TraceContext.init(traceparent:))
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.trace else { return }
        injector.inject(trace.traceparent, forKey: Self.header, into: &carrier)
    }

    /// The name of the header of HTTP requests and Celery messages.
    package static let header = "traceparent"
}

/// A span of `LogTracer`. Only its name and duration are logged: attributes, events, links and errors may contain what a
/// client sent.
package final class LogSpan: Span {
    private struct State {
        var operationName: String
        var hasFailed = false
        var hasEnded = false
    }

    package let context: ServiceContext
    /// Its own place in the trace.
    package let trace: TraceContext
    private let parent: TraceContext?
    private let start: UInt64
    private let logger: Logger
    private let level: Logger.Level
    private let state: Mutex<State>

    fileprivate init(
        _ operationName: String, in context: ServiceContext, from start: UInt64, logger: Logger, level: Logger.Level
    ) {
        parent = context.trace
        let trace = parent?.child() ?? TraceContext()
        var context = context
        context.trace = trace
        self.trace = trace
        self.context = context
        self.start = start
        self.logger = logger
        self.level = level
        state = Mutex(State(operationName: operationName))
    }

    package var operationName: String {
        get { state.withLock { $0.operationName } }
        set { state.withLock { $0.operationName = newValue } }
    }

    package var attributes: SpanAttributes {
        get { [:] }
        set {}
    }

    package var isRecording: Bool { state.withLock { !$0.hasEnded } }

    package func setStatus(_ status: SpanStatus) {
        state.withLock { $0.hasFailed = status.code == .error }
    }

    package func addEvent(_ event: SpanEvent) {}

    package func addLink(_ link: SpanLink) {}

    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        state.withLock { $0.hasFailed = true }
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let ended: State? = state.withLock { state in
            defer { state.hasEnded = true }
            return state.hasEnded ? nil : state
        }
        guard let ended else { return }
        let now = instant().nanosecondsSinceEpoch
        logger.log(level: level, "span", metadata: metadata(of: ended, at: now))
    }

    private func metadata(of state: State, at now: UInt64) -> Logger.Metadata {
        var metadata = trace.metadata
        // 0 if the clock was set back meanwhile.
        let duration = Duration.nanoseconds(now > start ? Int64(clamping: now - start) : 0)
        metadata["span"] = "\(state.operationName)"
        metadata["duration"] = "\(duration)"
        metadata["parent_id"] = parent.map { "\($0.spanID)" }
        if state.hasFailed { metadata["status"] = "error" }
        return metadata
    }
}
