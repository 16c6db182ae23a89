import Features
import Logging

/// Runs maintenance tasks in this process, with a time limit.
struct MaintenanceRun: Sendable {
    let tasks: [MaintenanceTask]
    let logger: Logger
    var limit = MaintenanceTask.limit

    struct UnknownTask: Error, CustomStringConvertible {
        let name: String
        var description: String { "The task \(name) does not exist." }
    }

    /// - Returns: the number of objects that the task removed.
    @discardableResult
    func run(_ name: String) async throws -> Int {
        guard let task = tasks.first(where: { $0.name == name }) else { throw UnknownTask(name: name) }
        let limit = limit
        let count = try await withThrowingTaskGroup(of: Int?.self) { group in
            group.addTask { try await task.run() }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let count else {
            logger.error("maintenance timed out", metadata: ["task": "\(name)"])
            throw CancellationError()
        }
        if count > 0 { logger.info("maintenance done", metadata: ["task": "\(name)", "removed": "\(count)"]) }
        return count
    }
}
