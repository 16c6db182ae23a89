import Basics
import Logging
import Tracing

/// A span's place in a distributed trace, as in the header `traceparent` (W3C Trace Context,
/// https://www.w3.org/TR/trace-context/#traceparent-header).
package struct TraceContext: Hashable, Sendable {
    /// 32 lower-case hexadecimal digits, shared by all spans of the trace.
    package let traceID: String
    /// 16 lower-case hexadecimal digits.
    package let spanID: String
    /// Whether the caller may have recorded the trace; passed on unchanged.
    package let isSampled: Bool

    private init(traceID: String, spanID: String, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// The first span of a new trace.
    package init() {
        self.init(traceID: Self.randomDigits() + Self.randomDigits(), spanID: Self.randomDigits(), isSampled: true)
    }

    /// A new span below this one.
    package func child() -> TraceContext {
        TraceContext(traceID: traceID, spanID: Self.randomDigits(), isSampled: isSampled)
    }

    /// `nil` if the header is invalid; of versions after 00 only the part is read that 00 has.
    package init?(traceparent text: String) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Array($0.utf8) }
        guard parts.count >= 4,
            zip(parts, [2, 32, 16, 2]).allSatisfy({ $0.count == $1 && $0.allSatisfy(Self.isDigit) }),
            parts[0] != Array("ff".utf8), parts.count == 4 || parts[0] != Array("00".utf8),
            !parts[1].allSatisfy({ $0 == UInt8(ascii: "0") }), !parts[2].allSatisfy({ $0 == UInt8(ascii: "0") }),
            let flags = UInt8(String(decoding: parts[3], as: UTF8.self), radix: 16)
        else { return nil }
        self.init(
            traceID: String(decoding: parts[1], as: UTF8.self), spanID: String(decoding: parts[2], as: UTF8.self),
            isSampled: flags & 1 == 1)
    }

    /// The header's value.
    package var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    /// Bytes; version 00 has 55.
    private static let maximumLength = 512

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// 16 hexadecimal digits, not all 0.
    private static func randomDigits() -> String {
        var number = UInt64.random(in: 1 ... .max)
        return withUnsafeBytes(of: &number) { $0.hexadecimal }
    }
}

private enum TraceKey: ServiceContextKey {
    typealias Value = TraceContext
    static var nameOverride: String? { "trace" }
}

extension ServiceContext {
    /// The current span's place; `nil` outside of traces.
    package var trace: TraceContext? {
        get { self[TraceKey.self] }
        set { self[TraceKey.self] = newValue }
    }
}

extension Logger.MetadataProvider {
    /// The IDs of the current span on each line, named as in OpenTelemetry's logs
    /// (https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/).
    package static let trace = Logger.MetadataProvider { ServiceContext.current?.trace?.metadata ?? [:] }
}

extension TraceContext {
    package var metadata: Logger.Metadata { ["trace_id": "\(traceID)", "span_id": "\(spanID)"] }
}
