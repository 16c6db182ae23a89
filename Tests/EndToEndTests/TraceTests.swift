import Foundation
import TestSupport
import Testing

/// A trace through the processes of the built program.
@Suite(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
struct TraceTests {
    @Test(.enabled(if: Program.hasModel, "no model package"))
    func aTraceReachesTheWorkersLogAndItsStagesTheMetrics() async throws {
        try await TemporaryFolder.with { folder in
            let site = try await ServerFixture.open(in: folder, environment: ["LOG_FORMAT": "json"])
            let account = """
                {"email": "ada@example.org", "password": "a long enough pass phrase", "first_name": "Ada",
                "confirm_password": "a long enough pass phrase", "last_name": "L", "role": "doctor"}
                """
            let token = try #require(try await site.post("/api/users/register/", account)["access"])
            let form = "{\"patientId\": \"P-1\", \"age\": 61, \"sex\": \"F\"}"
            let item = try #require(try await site.post("/api/cases/", form, as: token)["caseId"])
            #expect(try await site.upload(HeadPhantom.nifti(), name: "a.nii", to: item, as: token).status == 201)
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            let started = try await site.call(
                "POST", "/api/inference/", body: Data("{\"case_id\": \"\(item)\"}".utf8), as: token,
                headers: ["traceparent": "00-\(trace)-00f067aa0ba902b7-01"])
            #expect(started.status == 202, "\(started.text)")
            // The report is the second job of the trace.
            let isDone = await eventually(within: .seconds(120)) { site.said.contains("\"span\":\"write-report\"") }
            #expect(isDone, "\(site.said)")
            // The log file of each process.
            let server = Self.lines(site.text("logs/app.log"), of: trace)
            let worker = Self.lines(site.text("logs/celery.log"), of: trace)
            let request = try #require(server.first { $0["route"] == "/api/inference" }, "\(site.said)")
            let job = try #require(worker.first { $0["span"] == "segment-case" }, "\(site.said)")
            #expect(job["parent_id"] == request["span_id"])
            let stages = worker.filter { $0["parent_id"] == job["span_id"] && $0["span"] != "write-report" }
            #expect(
                Set(stages.compactMap { $0["span"] }).isSuperset(of: [
                    "fetch", "load", "separate", "register", "prepare", "network", "restore", "align", "measure",
                    "write", "draw",
                    "digest",
                    "store",
                ]), "\(stages)")
            let metrics = try await site.call("GET", "/metrics").text
            for stage in stages.compactMap({ $0["span"] }) {
                let line = "neuroai_job_stage_duration_seconds_count{kind=\"segment-case\",stage=\"\(stage)\"} 1\n"
                #expect(metrics.contains(line), "\(stage)")
            }
            await site.close()
        }
    }

    private static func lines(_ text: String, of trace: String) -> [[String: String]] {
        text.split(separator: "\n").compactMap { line in
            (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: String]
        }.filter { $0["trace_id"] == trace }
    }
}
