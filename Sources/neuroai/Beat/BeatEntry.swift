import Foundation
import Kernel
import Storage

/// An entry of the schedule: a task and when it is due.
struct BeatEntry: Sendable, Equatable {
    let name: String
    /// The name of the task.
    let task: String
    let schedule: BeatSchedule
}

/// When a periodic task is due.
enum BeatSchedule: Sendable, Equatable {
    case every(Duration)

    /// The first time after `last` at which the task is due.
    func due(after last: Timestamp) -> Timestamp {
        switch self {
        case .every(let interval): last.advanced(by: interval)
        }
    }
}

extension BeatEntry {
    /// The schedule unless `CELERY_BEAT_SCHEDULE` names a file.
    static let defaults = [
        BeatEntry(name: "purge-cases", task: "maintenance.purge_cases", schedule: hourly),
        BeatEntry(name: "sweep-files", task: "maintenance.sweep_files", schedule: hourly),
        BeatEntry(name: "delete-expired-sessions", task: "maintenance.delete_expired_sessions", schedule: hourly),
        BeatEntry(name: "delete-expired-keys", task: "maintenance.delete_expired_keys", schedule: hourly),
        BeatEntry(name: "delete-expired-uploads", task: "maintenance.delete_expired_uploads", schedule: hourly),
        BeatEntry(name: "forget-dead-workers", task: "maintenance.forget_dead_workers", schedule: hourly),
    ]

    private static let hourly = BeatSchedule.every(.seconds(3600))
}
