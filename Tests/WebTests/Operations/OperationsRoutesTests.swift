import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

struct OperationsRoutesTests {
    @Test(arguments: TestDatabase.all) func tellsWhichPartFails(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let sound = try await clinic.call(.get, "/api/health/status/")
            #expect(sound.status == .ok && sound["status"] == "healthy")
            #expect(
                sound.object["components"] as? [String: String]
                    == ["database": "healthy", "queue": "healthy", "storage": "healthy", "model": "healthy"])
            try await clinic.database.write { connection in
                try JobStore(connection).enqueue(
                    WriteReportJob.self, WriteReportJob.Parameters(result: ID()),
                    institution: .default, at: .now.advanced(by: .seconds(-3600)))
            }
            let broken = try await clinic.call(.get, "/api/health/status/")
            #expect(broken.status == .serviceUnavailable && broken["status"] == "unhealthy")
            #expect((broken.object["components"] as? [String: String])?["queue"] != "healthy")
            #expect(try await clinic.call(.get, "/api/health/").status == .ok, "it lives all the same")
        }
    }

    @Test func metricsNeedTheTokenOrThisMachine() async throws {
        // In-process requests have no address, so they are not local.
        try await WebFixture.with(.sqlite) { clinic in
            let answer = try await clinic.call(.get, "/metrics")
            #expect(answer.status == .notFound)
        }
        try await WebFixture.with(.sqlite, settings: { $0.metricsToken = "a token of some length" }) { clinic in
            for wrong in [nil, "a token of some lengtH", "a token", ""] {
                let answer = try await clinic.call(.get, "/metrics", as: wrong)
                #expect(answer.status == .unauthorized)
            }
            let answer = try await clinic.call(.get, "/metrics", as: "a token of some length")
            #expect(answer.status == .ok)
        }
    }

    private static func status(_ clinic: LiveClinic, _ lines: String, host: String = "localhost") async throws -> Int {
        let head = "GET /metrics HTTP/1.1\r\nHost: \(host)\r\n\(lines)Connection: close\r\n\r\n"
        return try await clinic.status(of: head.utf8)
    }

    @Test func metricsThroughAProxyNeedTheToken() async throws {
        try await LiveClinic.with { clinic in
            for line in ["", "X-Request-ID: x\r\n"] {
                let status = try await Self.status(clinic, line)
                #expect(status == 200, "\(line)")
            }
            for name in [
                "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-FORWARDED-HOST", "Via", "X-Real-IP", "CF-Ray",
                "X-Envoy-External-Address", "True-Client-IP", "X-Original-Host", "X-Amzn-Trace-Id",
            ] {
                let status = try await Self.status(clinic, "\(name): 127.0.0.1\r\n")
                #expect(status == 404, "\(name)")
            }
            let elsewhere = try await Self.status(clinic, "", host: "evil.example")
            #expect(elsewhere == 404)
        }
    }

    /// A proxy that sends no headers is only known from the settings.
    @Test func metricsBesideAProxyNeedTheToken() async throws {
        let changes: [@Sendable (inout WebSettings) -> Void] = [
            { $0.publicURL = "https://neuroai.example.org" }, { $0.trustedProxies = ["127.0.0.1"] },
        ]
        for change in changes {
            try await LiveClinic.with(settings: change) { clinic in
                let status = try await Self.status(clinic, "")
                #expect(status == 404)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func countsByPatternAndNeverByPath(_ kind: TestDatabase) async throws {
        let token = "a token of some length"
        try await WebFixture.with(kind, settings: { $0.metricsToken = token }) { clinic in
            let doctor = try await clinic.signUp()
            let item = try await clinic.makeCase(doctor)
            for _ in 0..<3 { _ = try await clinic.call(.get, "/api/cases/\(item)/?_=Mustermann", as: doctor) }
            _ = try await clinic.call(.get, "/api/cases/Mustermann/", as: doctor)
            _ = try await clinic.call(.get, "/Mustermann", as: doctor)
            let text = try await clinic.call(.get, "/metrics", as: token).text
            let route = "route=\"/api/cases/{caseId}\",method=\"GET\""
            #expect(text.contains("neuroai_http_requests_total{\(route),status=\"200\"} 3"), "\(text)")
            #expect(text.contains("neuroai_http_requests_total{\(route),status=\"404\"} 1"))
            #expect(text.contains("neuroai_http_request_duration_seconds_count{\(route)} 4"))
            #expect(text.contains("neuroai_database_up 1") && text.contains("process_resident_memory_bytes "))
            #expect(!text.contains("Mustermann") && !text.contains(item))
        }
    }

    @Test(arguments: TestDatabase.all) func exportsWhatWorkersDid(_ kind: TestDatabase) async throws {
        let token = "a token of some length"
        try await WebFixture.with(kind, settings: { $0.metricsToken = token }) { clinic in
            let before = try await clinic.call(.get, "/metrics", as: token).text
            for name in ["completed", "failed", "cancelled"] {
                let labels = "{kind=\"segment-case\",status=\"\(name)\"}"
                #expect(before.contains("neuroai_job_duration_seconds_count\(labels) 0\n"), "\(before)")
            }
            #expect(before.contains("neuroai_results_total{review=\"true\"} 0\n"))
            let doctor = try await clinic.signUp()
            let item = try await clinic.makeUploadedCase(doctor)
            _ = try await clinic.call(.post, "/api/inference/", "{\"case_id\": \"\(item)\"}", as: doctor)
            let waiting = try await clinic.call(.get, "/metrics", as: token).text
            #expect(waiting.contains("neuroai_jobs{kind=\"segment-case\",state=\"pending\"} 1\n"))
            #expect(waiting.contains("neuroai_jobs_oldest_age_seconds{kind=\"segment-case\",state=\"pending\"} "))
            try await clinic.work { sources, folder, control in
                control.stageEnded("network", .seconds(7))
                return try WebFixture.standIn(sources, folder, control)
            }
            let text = try await clinic.call(.get, "/metrics", as: token).text
            let stage = "kind=\"segment-case\",stage=\"network\""
            for line in [
                "neuroai_job_duration_seconds_count{kind=\"segment-case\",status=\"completed\"} 1",
                "neuroai_job_duration_seconds_count{kind=\"write-report\",status=\"completed\"} 1",
                "neuroai_job_wait_seconds_count{kind=\"segment-case\"} 1",
                "neuroai_job_stage_duration_seconds_bucket{\(stage),le=\"5.0\"} 0",
                "neuroai_job_stage_duration_seconds_bucket{\(stage),le=\"10.0\"} 1",
                "neuroai_job_stage_duration_seconds_bucket{\(stage),le=\"+Inf\"} 1",
                "neuroai_job_stage_duration_seconds_sum{\(stage)} 7", "neuroai_results_total{review=\"false\"} 1",
                "neuroai_results_total{review=\"true\"} 0",
            ] { #expect(text.contains(line + "\n"), "\(line) in \(text)") }
            #expect(!text.contains("neuroai_jobs{"), "finished jobs are not counted by state")
            let stored = try await clinic.database.read {
                try $0.queryOne("SELECT CAST(SUM(size) AS BIGINT) AS bytes FROM blobs")?.get("bytes", as: Int64.self)
            }
            #expect((stored ?? 0) > 0 && text.contains("neuroai_stored_bytes \(stored ?? 0)\n"))
            let free = try #require(text.firstMatch(of: /neuroai_disk_free_bytes ([0-9]+)/).flatMap { Double($0.1) })
            let size = try #require(text.firstMatch(of: /neuroai_disk_size_bytes ([0-9]+)/).flatMap { Double($0.1) })
            #expect(free > 0 && free <= size)
        }
    }

    @Test func countsRefusedSignInsByReason() async throws {
        let token = "a token of some length"
        var sessions = SessionSettings()
        sessions.throttling = ThrottleSettings(account: 3)
        try await WebFixture.with(.sqlite, settings: { $0.metricsToken = token }, sessions: sessions) { clinic in
            _ = try await clinic.signUp()
            func signIn(_ email: String, _ password: String) async throws {
                let form = "{\"email\": \"\(email)\", \"password\": \"\(password)\"}"
                _ = try await clinic.call(.post, "/api/users/login/", form)
            }
            try await signIn("ada@clinic.org", WebFixture.password)
            try await signIn("nobody@clinic.org", "wrong")
            for _ in 1...5 { try await signIn("ada@clinic.org", "wrong") }
            let text = try await clinic.call(.get, "/metrics", as: token).text
            for (reason, count) in [("credentials", 4), ("throttled", 2), ("code", 0), ("pending", 0)] {
                let line = "neuroai_sign_ins_refused_total{reason=\"\(reason)\"} \(count)\n"
                #expect(text.contains(line), "\(line) in \(text)")
            }
        }
    }

    @Test func labelsAreEscapedAndBucketsAddUp() {
        var text = PrometheusText()
        text.begin("m", .gauge, "Help.")
        text.sample("m", ["name": "a\"b\\c\nd"], 0.5)
        #expect(text.text == "# HELP m Help.\n# TYPE m gauge\nm{name=\"a\\\"b\\\\c\\nd\"} 0.5\n")
        let requests = RequestMetrics()
        for (method, duration) in [(HTTPRequest.Method.get, Duration.milliseconds(3)), (.get, .seconds(60))] {
            requests.begin()
            requests.end(method, route: nil, status: 200, after: duration)
        }
        let tally = requests.present.calls[RequestMetrics.Call(route: "none", method: "GET")]
        #expect(tally?.byDuration.reduce(0, +) == 2 && tally?.byDuration.last == 1 && requests.present.inFlight == 0)
    }
}
