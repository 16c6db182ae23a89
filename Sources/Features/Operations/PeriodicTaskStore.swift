import Kernel
import Storage

/// The rows of periodic tasks.
package struct PeriodicTaskStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// When each task last ran.
    package func lastRuns() throws -> [String: Timestamp] {
        let rows = try connection.query("SELECT name, last_run_at FROM periodic_tasks")
        return Dictionary(
            try rows.map { (try $0.get("name"), try $0.get("last_run_at")) }, uniquingKeysWith: { $1 })
    }

    /// Sets when a task last ran, unless another scheduler has changed it since it was read.
    ///
    /// - Parameter last: as read; `nil` if the task has no row.
    /// - Returns: whether this scheduler changed the row.
    package func claim(_ name: String, lastRun last: Timestamp?, at now: Timestamp) throws -> Bool {
        guard let last else {
            return try connection.execute(
                """
                INSERT INTO periodic_tasks (name, last_run_at) VALUES (\(name), \(now)) ON CONFLICT (name) DO NOTHING
                """) == 1
        }
        return try connection.execute(
            """
            UPDATE periodic_tasks SET last_run_at = \(now) WHERE name = \(name) AND last_run_at = \(last)
            """) == 1
    }
}
