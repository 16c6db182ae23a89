import Kernel
import Storage
import TestSupport
import Testing

extension FaultSite {
    /// The number of rows; waits out an outage of the database.
    func count(_ part: SQL) async throws -> Int {
        for _ in 1...600 {
            if let count = try? await database.read({ try $0.query("SELECT 1 AS one FROM " + part).count }) {
                return count
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await database.read { try $0.query("SELECT 1 AS one FROM " + part).count }
    }

    func unfinished(_ jobClass: JobClass) async throws -> Int {
        try await count("jobs WHERE finished_at IS NULL AND class = \(jobClass)")
    }

    /// The steps of the jobs that run now.
    func runningSteps() async throws -> [String] {
        try await database.read { connection in
            try connection.query("SELECT current_step FROM jobs WHERE status = 'running'").map {
                try $0.optional("current_step") ?? "Starting"
            }
        }
    }

    /// The most losses of an unfinished job: after ten it would fail.
    func mostLosses() async throws -> Int {
        try await database.read { connection in
            try connection.queryOne("SELECT MAX(losses) AS losses FROM jobs WHERE finished_at IS NULL")?
                .optional("losses") ?? 0
        }
    }

    func status(of task: AcceptedTask) async throws -> (status: JobStatus, message: String?) {
        let row = try await database.read { connection in
            try connection.queryOne(
                """
                SELECT status, error_message FROM jobs
                WHERE id = (SELECT job_id FROM inference_tasks WHERE id = \(task.id))
                """)
        }
        let found = try #require(row)
        return (try found.get("status"), try found.optional("error_message"))
    }

    /// Whether the site's worker runs a task now.
    func workerRuns(_ task: AcceptedTask) async throws -> Bool {
        guard let worker else { return false }
        return try await count(
            """
            jobs WHERE lease_owner = \(worker)
                AND id = (SELECT job_id FROM inference_tasks WHERE id = \(task.id))
            """) == 1
    }

    func waitUntilIdle(within time: Duration = .seconds(300)) async throws {
        let isIdle = try await eventually(within: time) { try await count("jobs WHERE finished_at IS NULL") == 0 }
        #expect(isIdle, "jobs are left: \(said(.worker))")
    }
}
