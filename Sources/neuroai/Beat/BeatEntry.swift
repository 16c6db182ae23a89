import Basics
import Celery
import Features
import Foundation
import Kernel
import Storage

/// An entry of the schedule: a task and when it is due.
struct BeatEntry: Sendable, Equatable {
    let name: String
    /// The name of the task.
    let task: String
    let schedule: BeatSchedule
    /// With a broker only.
    var arguments: [JSONValue] = []
    var keywords: [String: JSONValue] = [:]
    /// `nil` for the default queue.
    var queue: String?
}

/// When a periodic task is due.
enum BeatSchedule: Sendable, Equatable {
    case every(Duration)
    case crontab(CrontabSchedule)

    /// The first time after `last` at which the task is due.
    func due(after last: Timestamp) -> Timestamp {
        switch self {
        case .every(let interval): last.advanced(by: interval)
        case .crontab(let crontab): Timestamp(crontab.next(after: last.date))
        }
    }
}

extension BeatEntry {
    /// The schedule in the file of `CELERY_BEAT_SCHEDULE`, or else `maintenance`, hourly.
    static func list(_ settings: Settings, maintenance: [MaintenanceTask]) throws -> [BeatEntry] {
        guard let path = settings["CELERY_BEAT_SCHEDULE"] else {
            return maintenance.map { BeatEntry(name: $0.name, task: $0.name, schedule: .every(.seconds(3600))) }
        }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw SettingsError("CELERY_BEAT_SCHEDULE names the file \(path), which can't be read.")
        }
        do {
            return try list(JSONValue(reading: text))
        } catch let error as JSONValue.SyntaxError {
            throw SettingsError("\(path) is not JSON: \(error).")
        }
    }

    /// Entries as in Celery's `beat_schedule`: an object of `{"task": …, "schedule": …, "args": …, "kwargs": …,
    /// "options": {"queue": …}}` by name. A schedule is a number of seconds or a crontab of five fields (UTC).
    ///
    /// - Throws: `SettingsError` that names the entry.
    static func list(_ json: JSONValue) throws -> [BeatEntry] {
        guard let entries = json.asObject else {
            throw SettingsError("CELERY_BEAT_SCHEDULE must be an object of entries by name.")
        }
        return try entries.sorted { $0.key < $1.key }.map { try entry($0.key, $0.value) }
    }

    private static func entry(_ name: String, _ json: JSONValue) throws -> BeatEntry {
        guard let task = json["task"]?.asText else {
            throw SettingsError("The entry \(name) of CELERY_BEAT_SCHEDULE has no task.")
        }
        return BeatEntry(
            name: name, task: task, schedule: try schedule(json["schedule"], of: name),
            arguments: json["args"]?.asList ?? [], keywords: json["kwargs"]?.asObject ?? [:],
            queue: json["options"]?["queue"]?.asText)
    }

    private static func schedule(_ json: JSONValue?, of name: String) throws -> BeatSchedule {
        if let seconds = json?.asNumber, seconds >= 1, seconds <= 366 * 86_400 {
            return .every(.milliseconds(Int(seconds * 1000)))
        }
        if let line = json?.asText {
            do {
                return .crontab(try CrontabSchedule(line))
            } catch {
                throw SettingsError("The schedule of the entry \(name) is not a crontab: \(error).")
            }
        }
        throw SettingsError(
            "The schedule of the entry \(name) must be a number of seconds or a crontab such as \"30 3 * * *\".")
    }
}
