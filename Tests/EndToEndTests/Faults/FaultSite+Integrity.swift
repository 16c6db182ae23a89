import Foundation
import Storage
import TestSupport
import Testing

/// What holds after every fault.
extension FaultSite {
    /// Checks that no accepted segmentation is lost, none has two results, every row has its whole file and the audit trail
    /// is valid; publishes the counts.
    ///
    /// - Parameter parked: tasks that had to fail.
    func checkIntegrity(after fault: String, of tasks: [AcceptedTask], parked: [AcceptedTask] = []) async throws {
        try await waitUntilIdle()
        #expect(Set(tasks.map(\.id)).count == tasks.count, "two requests, one task")
        var lost = 0
        for task in tasks where try await !isComplete(task) { lost += 1 }
        #expect(lost == 0)
        let doubled = try await countDoubles()
        #expect(doubled == 0)
        // Each request of a segmentation made one task.
        #expect(try await count("inference_tasks") == count("(SELECT DISTINCT case_id FROM inference_tasks) AS cases"))
        #expect(
            try await count("jobs WHERE status = 'failed'")
                == count("audit_entries WHERE action = 'inference.fail'"))
        let files = try await storageCounts()
        let trail = try await command("audit", "verify")
        #expect(trail.code == 0, "\(trail.said)")
        let chain = trail.said.firstMatch(of: /: ([0-9]+) sealed entries, valid/).map { String($0.1) } ?? "?"
        FaultPlan.publish(
            fault,
            """
            \(tasks.count) segmentations, \(lost) lost, \(doubled) with two results, \(parked.count) parked; \
            \(files.rows) files, \(files.missing) missing or damaged, \(files.orphans) without a row; \
            audit trail of \(chain) entries valid
            """)
    }

    /// Whether a task has its result and report, and its files can be read.
    private func isComplete(_ task: AcceptedTask) async throws -> Bool {
        let answer = try await answered { try await call("GET", "/api/inference/tasks/\(task.id)/", as: token) }
        guard answer["status"] == "completed", let result = answer.json?["result"] as? [String: Any],
            let files = result["mask_files"] as? [[String: Any]], let url = files.first?["url"] as? String,
            let query = URL(string: url)?.query, let path = URL(string: url)?.path
        else {
            Issue.record("\(answer.text) \(said(.worker))")
            return false
        }
        let file = try await answered { try await call("GET", "\(path)?\(query)", timeout: 20) }
        #expect(file.status == 200 && !file.data.isEmpty)
        let reports = try await count(
            "reports WHERE result_id IN (SELECT id FROM results WHERE task_id = \(task.id))")
        #expect(reports == 1)
        return file.status == 200
    }

    private func countDoubles() async throws -> Int {
        var count = 0
        for (table, column) in [("results", "task_id"), ("reports", "result_id")] {
            count += try await self.count(
                "(SELECT \(raw: column) FROM \(raw: table) GROUP BY \(raw: column) HAVING COUNT(*) > 1) AS doubles")
        }
        let completions: SQL = """
            (SELECT object_id FROM audit_entries WHERE action = 'inference.complete'
             GROUP BY object_id HAVING COUNT(*) > 1) AS doubles
            """
        return try await count + self.count(completions)
    }

    private func storageCounts() async throws -> (rows: Int, missing: Int, orphans: Int) {
        let check = try await command("storage", "check", "--digests", "--orphan-age", "0")
        #expect(check.code == 0, "\(check.said)")
        func number(_ name: String) -> Int {
            let line = check.said.split(separator: "\n").first { $0.hasPrefix("\(name): ") }
            return line.flatMap { Int($0.dropFirst(name.count + 2).prefix { $0.isNumber }) } ?? -1
        }
        return (
            number("referenced files"), number("missing") + number("wrong size") + number("wrong SHA-256"),
            number("orphans")
        )
    }
}
