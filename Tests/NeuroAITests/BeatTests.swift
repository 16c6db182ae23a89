import Basics
import Features
import Logging
import Storage
import Synchronization
import TestSupport
import Testing

@testable import neuroai

@Suite struct BeatTests {
    private static let start = Timestamp(microseconds: 1_800_000_000_000_000)
    private static let entries = (1...5).map {
        BeatEntry(name: "entry-\($0)", task: "task-\($0)", schedule: .every(.seconds(3600)))
    }

    /// The tasks that a scheduler has started.
    private final class Started: Sendable {
        private let names = Mutex<[String]>([])
        func add(_ name: String) { names.withLock { $0.append(name) } }
        var all: [String] { names.withLock { $0.sorted() } }
    }

    private static func beat(_ database: any Database, _ started: Started, entries: [BeatEntry] = entries) -> Beat {
        Beat(entries: entries, database: database, logger: Logger(label: "test")) { started.add($0.task) }
    }

    private static func at(_ seconds: Int) -> @Sendable () -> Timestamp { { start.advanced(by: .seconds(seconds)) } }

    @Test(arguments: TestDatabase.all) func aTaskRunsAfterItsInterval(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let started = Started()
            let beat = Self.beat(database, started, entries: [Self.entries[0]])
            #expect(try await beat.tick(at: Self.at(0)) == .seconds(60), "the pause has a limit")
            #expect(try await beat.tick(at: Self.at(3590)) == .seconds(10))
            #expect(started.all.isEmpty)
            _ = try await beat.tick(at: Self.at(3600))
            #expect(started.all == ["task-1"])
            _ = try await beat.tick(at: Self.at(3601))
            #expect(started.all == ["task-1"])
            _ = try await beat.tick(at: Self.at(20_000))
            #expect(started.all == ["task-1", "task-1"], "missed times are not made up for")
        }
    }

    @Test(arguments: TestDatabase.all) func ofSeveralSchedulersOneStartsATask(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let started = Started()
            for time in [0, 3600, 7200] {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 1...4 {
                        group.addTask { _ = try await Self.beat(database, started).tick(at: Self.at(time)) }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(started.all == Self.entries.flatMap { [$0.task, $0.task] }.sorted())
        }
    }

    @Test(arguments: TestDatabase.all) func aClockSetBackDoesNotStopTheSchedule(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let started = Started()
            let beat = Self.beat(database, started, entries: [Self.entries[0]])
            _ = try await beat.tick(at: Self.at(0))
            _ = try await beat.tick(at: Self.at(-86_400))
            _ = try await beat.tick(at: Self.at(-86_400 + 3600))
            #expect(started.all == ["task-1"])
        }
    }

    @Test func aTaskThatFailsDoesNotStopTheOthers() async throws {
        try await TestDatabase.sqlite.with { database in
            let started = Started()
            let beat = Beat(entries: Self.entries, database: database, logger: Logger(label: "test")) { entry in
                started.add(entry.task)
                if entry.name == "entry-2" { throw CancellationError() }
            }
            _ = try await beat.tick(at: Self.at(0))
            _ = try await beat.tick(at: Self.at(3600))
            #expect(started.all == Self.entries.map(\.task))
        }
    }

    @Test func onlyKnownTasksRun() async throws {
        let run = MaintenanceRun(tasks: [MaintenanceTask("maintenance.known") { 3 }], logger: Logger(label: "test"))
        #expect(try await run.run("maintenance.known") == 3)
        await #expect(throws: MaintenanceRun.UnknownTask.self) { try await run.run("maintenance.unknown") }
    }

    @Test func maintenanceHasATimeLimit() async throws {
        let endless = MaintenanceTask("maintenance.endless") {
            try await Task.sleep(for: .seconds(600))
            return 0
        }
        let run = MaintenanceRun(tasks: [endless], logger: Logger(label: "test"), limit: .milliseconds(50))
        await #expect(throws: CancellationError.self) { try await run.run("maintenance.endless") }
    }

    @Test func theScheduleIsReadFromAFile() throws {
        let json = try JSONValue(
            reading: """
                {"nightly": {"task": "maintenance.sweep_files", "schedule": "30 3 * * *", "options": {"queue": "night"}},
                 "often": {"task": "clinic.sync", "schedule": 90, "args": [1], "kwargs": {"site": "A"}}}
                """)
        let entries = try BeatEntry.list(json)
        #expect(entries.map(\.name) == ["nightly", "often"])
        #expect(entries[0].queue == "night")
        // 2027-01-15T08:00:00Z
        #expect(entries[0].schedule.due(after: Self.start).since(Self.start) == .seconds(19 * 3600 + 1800))
        #expect(entries[1].schedule == .every(.seconds(90)))
        #expect(entries[1].arguments == [1] && entries[1].keywords == ["site": "A"])
    }

    @Test(arguments: [
        ("[]", "CELERY_BEAT_SCHEDULE must be an object of entries by name."),
        (#"{"a": {"schedule": 5}}"#, "The entry a of CELERY_BEAT_SCHEDULE has no task."),
        (
            #"{"a": {"task": "t"}}"#,
            #"The schedule of the entry a must be a number of seconds or a crontab such as "30 3 * * *"."#
        ),
        (
            #"{"a": {"task": "t", "schedule": 0}}"#,
            #"The schedule of the entry a must be a number of seconds or a crontab such as "30 3 * * *"."#
        ),
    ]) func anInvalidScheduleIsNamed(_ text: String, _ sentence: String) throws {
        let error = try #require(throws: SettingsError.self) { try BeatEntry.list(JSONValue(reading: text)) }
        #expect(error.description == sentence)
    }
}
