import Kernel
import Storage

/// The tasks of cases.
package struct SegmentationContent: CaseContent {
    package init() {}

    package var jobTable: SQL? { "inference_tasks" }

    package func stopWork(
        _ scope: Scope, on id: CaseID, in connection: any DatabaseConnection, at time: Timestamp
    ) throws {
        for task in try SegmentationStore(connection).activeTasks(scope, case: id) {
            try task.cancel(scope, in: connection, at: time)
        }
    }
}
