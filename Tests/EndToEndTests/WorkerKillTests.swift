import Features
import Foundation
import Imaging
import Kernel
import Storage
import TestSupport
import Testing

/// The built worker on SQLite, killed at the worst moments.
@Suite(.serialized) struct WorkerKillTests {
    @Test(
        .enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"),
        .enabled(if: Program.hasModel, "no model package: name one by SEGMENTATION_MODEL_PATH"))
    func twentyKillsLoseNoJobAndMakeNoSecondResult() async throws {
        try await TemporaryFolder.with { folder in
            let clinic = try await CrashFixture(folder)
            var tasks: [InferenceTask] = []
            for _ in 1...6 { tasks.append(try await clinic.startedTask()) }
            // The first worker is killed during a job. How long that takes depends on the machine and its load; the
            // others live up to two seconds longer, so that kills hit both their startup and their jobs.
            let begun = ContinuousClock.now
            let first = WorkerID()
            let early = try clinic.worker(first, after: nil)
            #expect(
                await eventually { ((try? await clinic.count("jobs WHERE status = 'running'")) ?? 0) > 0 },
                "\(clinic.journal)")
            await early.end(SIGKILL)
            let longestLife = Int((ContinuousClock.now - begun) / .milliseconds(1)) + 2000
            var predecessor: WorkerID? = first
            for _ in 2...20 {
                let id = WorkerID()
                let worker = try clinic.worker(id, after: predecessor)
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...longestLife)))
                #expect(worker.isRunning, "the worker ended by itself: \(clinic.journal)")
                await worker.end(SIGKILL)
                predecessor = id
            }
            let last = try clinic.worker(WorkerID(), after: predecessor)
            try await clinic.waitUntilIdle(within: .seconds(240))
            #expect(await last.end(SIGTERM))
            try await clinic.checkResults(of: tasks)
        }
    }

    /// Nobody else would end it: its server is gone, and loading a model takes seconds.
    @Test(
        .enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"),
        .enabled(if: Program.hasModel, "no model package: name one by SEGMENTATION_MODEL_PATH"))
    func aWorkerThatLosesItsServerWhileItStartsEnds() async throws {
        try await TemporaryFolder.with { folder in
            let ending = try await Program.run(
                ["worker", "--supervised"],
                environment: [
                    "DATABASE_URL": "sqlite:///\(folder.path)/db.sqlite3", "MEDIA_ROOT": "\(folder.path)/media",
                    "LOG_ROOT": "-",
                ], in: folder)
            #expect(ending.code == 1)
            #expect(!ending.said.contains("model loaded"), "\(ending.said)")
        }
    }

    @Test(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
    func aSignalledWorkerReleasesItsJobAndGoes() async throws {
        try await TemporaryFolder.with { folder in
            let clinic = try await CrashFixture(folder)
            let task = try await clinic.startedTask()
            let worker = try clinic.worker(WorkerID(), after: nil)
            try await clinic.wait(for: task.id, within: .seconds(60)) { $0.status == .running }
            #expect(await worker.end(SIGTERM, within: 10), "the worker does not end: \(clinic.journal)")
            let after = try await clinic.task(task.id)
            #expect(after.status == .pending || after.status == .completed)
        }
    }
}
