import Foundation
import TestSupport
import Testing

/// `/metrics` over a socket, parsed by Prometheus' own parser.
@Suite(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
struct MetricsTests {
    private static let python = Program.root.appendingPathComponent(".deps/venv/bin/python").path
    private static let script = """
        import sys
        from prometheus_client.parser import text_string_to_metric_families as parse
        families = {f.name: f for f in parse(open(sys.argv[1]).read())}
        for f in families.values():
            assert f.documentation and f.type in ("counter", "gauge", "histogram"), f.name
        for h in families.values():
            for s in h.samples:
                if h.type == "histogram" and s.name.endswith("_count"):
                    buckets = [b for b in h.samples if b.name.endswith("_bucket") and s.labels.items() <= b.labels.items()]
                    assert sorted(b.value for b in buckets) == [b.value for b in buckets], s
                    assert buckets[-1].labels["le"] == "+Inf" and buckets[-1].value == s.value, s
        print(*sorted(families))
        """

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: python), "no Python peers: run scripts/bootstrap"))
    func prometheusReadsThem() async throws {
        try await TemporaryFolder.with { folder in
            let site = try await ServerFixture.open(in: folder, arguments: ["serve", "--without-worker"])
            #expect(try await site.call("GET", "/api/health/status/").status == 200)
            let answer = try await site.call("GET", "/metrics")
            #expect(answer.status == 200)
            let forwarded = try await site.call("GET", "/metrics", headers: ["X-Forwarded-For": "10.0.0.7"])
            #expect(forwarded.status == 404, "a proxy's client is not on this machine")
            let renamed = try await site.call("GET", "/metrics", headers: ["Host": "evil.example"])
            #expect(renamed.status == 404, "a page that rebinds its name is not this machine's operator")
            await site.close()
            let text = folder.appendingPathComponent("metrics.txt")
            try answer.data.write(to: text)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Self.python)
            process.arguments = ["-c", Self.script, text.path]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let names = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            for name in [
                "neuroai_http_requests", "neuroai_jobs", "neuroai_database_pool", "neuroai_workers",
                "process_resident_memory_bytes", "neuroai_job_duration_seconds", "neuroai_job_stage_duration_seconds",
                "neuroai_results", "neuroai_stored_bytes", "neuroai_disk_free_bytes", "neuroai_sign_ins_refused",
            ] { #expect(names.contains(name), "\(names)") }
        }
    }
}
