import InMemoryLogging
import Logging
import Testing
import Tracing

@testable import Kernel

/// W3C Trace Context, with the cases of its test suite (https://github.com/w3c/trace-context/tree/main/test).
@Suite struct TraceContextTests {
    private static let id = "12345678901234567890123456789012"
    private static let span = "1234567890123456"

    @Test(arguments: [
        "00-\(id)-\(span)-01", "00-\(id)-\(span)-00", "cc-\(id)-\(span)-01", "cc-\(id)-\(span)-01-what-else",
    ])
    func aValidHeaderIsContinued(_ header: String) throws {
        let trace = try #require(TraceContext(traceparent: header))
        #expect(trace.traceID == Self.id && trace.spanID == Self.span)
        #expect(trace.isSampled == header.dropFirst(53).hasPrefix("01"))
        let child = trace.child()
        #expect(child.traceID == Self.id && child.spanID != Self.span && child.isSampled == trace.isSampled)
        #expect(TraceContext(traceparent: child.traceparent) == child)
    }

    @Test(arguments: [
        "", "00", "00-\(id)-\(span)", "00-\(id)-\(span)-01-what-else", "ff-\(id)-\(span)-01",
        "cc-\(id)-\(span)-01.what",
        "00-\(id)-\(span)-01, 00-\(id)-\(span)-01", "00-00000000000000000000000000000000-\(span)-01",
        "00-\(id)-0000000000000000-01", "00-\(id.dropLast())-\(span)-01", "00-\(id)0-\(span)-01", "0-\(id)-\(span)-01",
        "00-\(id)-\(span)-1", "00-.2345678901234567890123456789012-\(span)-01",
        "00-ABCDEF78901234567890123456789012-\(span)-01", "00-\(id)-ABCDEF7890123456-01", " 00-\(id)-\(span)-01",
        "cc-\(id)-\(span)-01-" + String(repeating: "x", count: 600),
    ])
    func anInvalidHeaderIsNot(_ header: String) {
        #expect(TraceContext(traceparent: header) == nil)
    }

    @Test func aNewTraceIsValid() {
        let traces = (0..<100).map { _ in TraceContext() }
        #expect(Set(traces.map(\.traceID)).count == 100)
        #expect(
            traces.allSatisfy { TraceContext(traceparent: $0.traceparent) == $0 && $0.traceparent.utf8.count == 55 })
    }

    // MARK: The tracer

    private struct Carrier: Extractor, Injector {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }

    @Test func spansAreWrittenWithTheirPlaceInTheTrace() throws {
        var handler = InMemoryLogHandler()
        handler.metadataProvider = .trace
        let logger = Logger(label: "test") { [handler] _ in handler }
        let tracer = LogTracer(logger: logger)
        var context = ServiceContext.topLevel
        tracer.extract(["traceparent": "00-\(Self.id)-\(Self.span)-01"], into: &context, using: Carrier())
        try tracer.withSpan("outer", context: context) { outer in
            logger.info("in between")
            tracer.withSpan("inner") { $0.attributes["patient"] = "Smith" }
            var sent: [String: String] = [:]
            tracer.inject(try #require(ServiceContext.current), into: &sent, using: Carrier())
            #expect(sent == ["traceparent": outer.trace.traceparent])
        }
        let entries = handler.entries
        #expect(entries.map(\.message) == ["in between", "span", "span"])
        #expect(entries.allSatisfy { $0.metadata["trace_id"] == "\(Self.id)" })
        let (line, inner, outer) = (entries[0].metadata, entries[1].metadata, entries[2].metadata)
        #expect(line["span_id"] == outer["span_id"] && inner["parent_id"] == outer["span_id"])
        #expect(inner["span"] == "inner" && inner["span_id"] != outer["span_id"])
        #expect(outer["parent_id"] == "\(Self.span)" && outer["duration"] != nil && outer["status"] == nil)
        #expect(!"\(entries)".contains("Smith"), "what a client sent is not logged")
    }

    @Test func aFailedSpanSaysSoWithoutTheError() {
        struct Fault: Error { let text = "Smith" }
        let handler = InMemoryLogHandler()
        let tracer = LogTracer(logger: Logger(label: "test") { _ in handler })
        #expect(throws: Fault.self) { try tracer.withSpan("work") { _ in throw Fault() } }
        let span = tracer.startSpan("work")
        span.end()
        span.end()
        #expect(handler.entries.map { $0.metadata["status"] } == ["error", nil], "a span ends once")
        #expect(!"\(handler.entries)".contains("Smith"))
    }
}
