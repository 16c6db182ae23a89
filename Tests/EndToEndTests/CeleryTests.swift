import Features
import Foundation
import Kernel
import TestSupport
import Testing

/// `neuroai worker` with Redis and genuine Celery clients.
@Suite(.serialized, .enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
struct CeleryTests {
    /// Runs Python with an `app` of Celery on the broker; returns what it prints.
    private static func python(_ code: String, broker: String) async throws -> String {
        let prelude = """
            import json, os
            from celery import Celery
            app = Celery(broker=os.environ["BROKER"], backend=os.environ["BROKER"])

            """
        let python = Program.root.appendingPathComponent(".deps/celery/bin/python")
        return try await output(of: python, ["-c", prelude + code], broker: broker)
    }

    private static func output(of program: URL, _ arguments: [String], broker: String) async throws -> String {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["BROKER": broker]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        return await Task.detached {
            let data = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return String(decoding: data, as: UTF8.self)
        }.value
    }

    private static func environment(_ redis: RedisServer) -> [String: String] {
        ["CELERY_BROKER_URL": redis.url, "CELERY_RESULT_BACKEND": redis.url]
    }

    @Test(.enabled(if: Program.hasModel, "no model package"))
    func aPythonClientHasACaseSegmented() async throws {
        let redis = try RedisServer()
        try await TemporaryFolder.with { folder in
            let clinic = try await CrashFixture(folder)
            // Enqueued by the API: the worker publishes what waits in the database and runs it.
            let first = try await clinic.startedTask()
            let worker = try clinic.worker(
                WorkerID(), after: nil, arguments: ["-n", "w1@site"], environment: Self.environment(redis))
            try await clinic.wait(for: first.id, within: .seconds(90)) { $0.status == .completed }
            let said = try await Self.python(
                """
                result = app.send_task("inference.segment_case", kwargs={"case_id": "\(first.caseID)", "force": True},
                                       headers={"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})
                print(json.dumps(result.get(timeout=90), sort_keys=True))
                unknown = app.send_task("inference.segment_case", kwargs={"case_id": "7"})
                try:
                    unknown.get(timeout=20)
                except Exception as error:
                    print(type(error).__name__, error)
                missing = app.send_task("maintenance.forget_dead_workers")
                print(missing.get(timeout=20))
                print(sorted(app.control.inspect(timeout=3).registered().items())[0][1])
                print(sorted(app.control.inspect(timeout=3).ping()))
                """, broker: redis.url)
            #expect(said.contains("\"case_id\": \"\(first.caseID)\""), "\(said) \(clinic.journal)")
            #expect(said.contains("\"status\": \"completed\"") && said.contains("\"result_id\""), "\(said)")
            // As OpenTelemetry's instrumentation of Celery sends it.
            let traced = clinic.journal.split(separator: "\n").filter {
                $0.contains("trace_id=4bf92f3577b34da6a3ce929d0e0e4736")
            }
            #expect(traced.contains { $0.contains("span=segment-case") && $0.contains("parent_id=00f067aa0ba902b7") })
            #expect(said.contains("InvalidTask The keyword argument case_id must be a UUID."), "\(said)")
            #expect(said.contains("{'removed': 0}"), "\(said)")
            #expect(said.contains("reports.write_report"), "\(said)")
            #expect(said.contains("['interactive-w1@site', 'w1@site']"), "\(said)")
            try await clinic.waitUntilIdle(within: .seconds(30))
            #expect(try await clinic.count("results") == 2)
            #expect(try await clinic.count("reports") == 2)
            #expect(await worker.end(SIGTERM))
        }
    }

    /// `celery` of the command line; returns what it prints.
    private static func celery(_ arguments: [String], broker: String) async throws -> String {
        let program = Program.root.appendingPathComponent(".deps/celery/bin/celery")
        return try await output(of: program, ["-b", broker] + arguments, broker: broker)
    }

    /// Limits that an operator sets while the worker runs hold for its jobs.
    @Test(.enabled(if: Program.hasModel, "no model package"))
    func celeryControlLimitsJobs() async throws {
        let redis = try RedisServer()
        try await TemporaryFolder.with { folder in
            let clinic = try await CrashFixture(folder)
            let first = try await clinic.startedTask()
            let worker = try clinic.worker(
                WorkerID(), after: nil, arguments: ["-n", "w1@site"], environment: Self.environment(redis))
            try await clinic.wait(for: first.id, within: .seconds(90)) { $0.status == .completed }
            try await clinic.waitUntilIdle(within: .seconds(30))
            let result = try await clinic.resultID(of: first)
            let control = ["control", "-t", "5"]
            let rate = try await Self.celery(
                control + ["rate_limit", "reports.write_report", "1/s"], broker: redis.url)
            #expect(rate.contains("new rate limit set successfully"), "\(rate)")
            let time = try await Self.celery(
                control + ["time_limit", "inference.segment_case", "0.1", "0.2"], broker: redis.url)
            #expect(time.contains("time limits set successfully"), "\(time)")
            let said = try await Self.python(
                """
                import datetime
                kwargs = {"case_id": "\(first.caseID)", "force": True}
                result = app.send_task("inference.segment_case", kwargs=kwargs)
                try:
                    print(result.get(timeout=60))
                except Exception as error:
                    print(type(error).__name__)
                kwargs = {"result_id": "\(result)"}
                reports = [app.send_task("reports.write_report", kwargs=kwargs) for _ in range(4)]
                for report in reports:
                    report.get(timeout=60)
                ends = sorted(report.date_done for report in reports)
                print("seconds", int((ends[-1] - ends[0]).total_seconds() * 10))
                """, broker: redis.url)
            #expect(said.contains("TimeLimitExceeded"), "\(said) \(clinic.journal)")
            // Four at one a second.
            let seconds = said.split(separator: " ").last.flatMap { Int($0.filter(\.isNumber)) } ?? 0
            #expect(seconds >= 29, "\(said)")
            try await clinic.waitUntilIdle(within: .seconds(30))
            #expect(try await clinic.count("jobs WHERE status = 'cancelled'") == 1)
            #expect(try await clinic.count("results") == 1)
            // Without the limits, which only this worker has.
            let off = try await Self.celery(
                control + ["time_limit", "inference.segment_case", "600", "900"], broker: redis.url)
            #expect(off.contains("time limits set successfully"), "\(off)")
            let next = try await clinic.startedTask()
            try await clinic.wait(for: next.id, within: .seconds(90)) { $0.status == .completed }
            #expect(await worker.end(SIGTERM))
        }
    }

    @Test(.enabled(if: Program.hasModel, "no model package"))
    func nothingIsLostWhenRedisAndWorkersDie() async throws {
        let redis = try RedisServer()
        try await TemporaryFolder.with { folder in
            let clinic = try await CrashFixture(folder)
            var tasks: [InferenceTask] = []
            for _ in 1...2 { tasks.append(try await clinic.startedTask()) }
            let worker = try clinic.worker(WorkerID(), after: nil, environment: Self.environment(redis))
            try await clinic.wait(for: tasks[0].id, within: .seconds(90)) { $0.status == .running }
            await worker.end(SIGKILL)
            // Without persistence: all messages are lost.
            redis.kill()
            // It is not told which worker died.
            let second = try clinic.worker(WorkerID(), after: nil, environment: Self.environment(redis))
            try await Task.sleep(for: .seconds(2))
            try redis.start()
            try await clinic.waitUntilIdle(within: .seconds(180))
            try await clinic.checkResults(of: tasks)
            #expect(await second.end(SIGTERM))
        }
    }
}
