import HTTPTypes
import InMemoryLogging
import Kernel
import Logging
import TestSupport
import Testing

@testable import Features
@testable import Web

/// One trace from the client's request to the stages of the jobs that it causes.
struct TraceTests {
    private static let client = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    private static let traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

    /// The metadata of one log line.
    private typealias Line = Logger.Metadata

    private static func headers(_ traceparent: String) throws -> HTTPFields {
        [try #require(HTTPField.Name("traceparent")): traceparent]
    }

    @Test(arguments: TestDatabase.all) func theClientsTraceReachesTheStagesOfItsJobs(_ kind: TestDatabase) async throws
    {
        var handler = InMemoryLogHandler()
        handler.metadataProvider = .trace
        let log = handler
        try await WebFixture.with(kind, logger: Logger(label: "test") { _ in log }) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            let started = try await clinic.call(
                .post, "/api/inference/", "{\"case_id\": \"\(id)\"}", as: token, headers: try Self.headers(Self.client))
            #expect(started.status == .accepted)
            try await clinic.work { sources, folder, control in
                control.stageEnded("network", .seconds(2))
                return try WebFixture.standIn(sources, folder, control)
            }
            let lines = log.entries.map(\.metadata).filter { $0["trace_id"] == "\(Self.traceID)" }
            let request = try #require(lines.first { $0["route"] == "/api/inference" })
            #expect(request["span_id"] != "00f067aa0ba902b7")
            func spans(_ name: String) -> [Line] { lines.filter { $0["span"] == "\(name)" } }
            let segmentation = try #require(spans("segment-case").first)
            #expect(segmentation["parent_id"] == request["span_id"] && segmentation["kind"] == "segment-case")
            for stage in ["fetch", "network", "store"] {
                #expect(spans(stage).map { $0["parent_id"] } == [segmentation["span_id"]], "\(stage): \(lines)")
            }
            #expect(spans("network").first?["duration"] == "2.0 seconds")
            let report = try #require(spans("write-report").first)
            #expect(report["parent_id"] == segmentation["span_id"])
            #expect(spans("compose").map { $0["parent_id"] } == [report["span_id"]])

            let ofJobs = log.entries.filter { $0.metadata.keys.contains("job") }
            #expect(ofJobs.filter { $0.message == "span" }.count == 6, "\(log.entries)")
            #expect(ofJobs.filter { $0.message == "job run ended" }.count == 2, "\(ofJobs)")
            for entry in ofJobs {
                #expect(entry.metadata["trace_id"] == "\(Self.traceID)" && entry.metadata["span_id"] != nil)
            }
            let requests = Set(lines.compactMap { line in line["id"].map { "\($0)" } })
            #expect(requests.count == 1, "one request, one trace")
        }
    }

    @Test func everyRequestHasATraceOfItsOwnUnlessAValidOneIsContinued() async throws {
        var handler = InMemoryLogHandler()
        handler.metadataProvider = .trace
        let log = handler
        var logger = Logger(label: "test") { _ in log }
        logger.logLevel = .debug
        try await WebFixture.with(.sqlite, logger: logger) { clinic in
            _ = try await clinic.call(.get, "/api/health/")
            _ = try await clinic.call(
                .get, "/api/health/", headers: try Self.headers("00-\(Self.traceID)-0000000000000000-01"))
            _ = try await clinic.call(.get, "/api/health/", headers: try Self.headers(Self.client))
            let requests = log.entries.filter { $0.message == "request" }.map(\.metadata)
            let traces = requests.map { "\($0["trace_id"] ?? "")" }
            #expect(traces.allSatisfy { $0.count == 32 } && Set(traces).count == 3 && traces.last == Self.traceID)
            #expect(traces.dropLast().allSatisfy { $0 != Self.traceID }, "an invalid header is replaced")
            let spans = log.entries.filter { $0.message == "span" }.map(\.metadata)
            #expect(spans.map { $0["span_id"] } == requests.map { $0["span_id"] })
            #expect(spans.map { $0["parent_id"] } == [nil, nil, "00f067aa0ba902b7"])
        }
    }
}
