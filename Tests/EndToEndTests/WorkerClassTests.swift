import Features
import Foundation
import Kernel
import Storage
import TestSupport
import Testing

/// `neuroai worker --classes … --slots …` as a process.
@Suite(.serialized, .enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
struct WorkerClassTests {
    @Test(arguments: [
        (
            ["--classes", "segmentation"],
            "--classes must be one or more of interactive, imaging, training, separated by commas."
        ),
        (["--classes", ""], "--classes must be one or more of interactive, imaging, training, separated by commas."),
        (["--slots", "0"], "--slots must be a whole number from 1 to 64."),
    ]) func whatDoesNotExistIsRefusedWithASentence(_ arguments: [String], _ sentence: String) async throws {
        try await TemporaryFolder.with { folder in
            let ending = try await Program.run(
                ["worker"] + arguments,
                environment: [
                    "DATABASE_URL": "sqlite:///\(folder.path)/db.sqlite3", "MEDIA_ROOT": folder.path, "LOG_ROOT": "-",
                ], in: folder)
            #expect(ending.code == 64)
            #expect(ending.said.hasPrefix("Error: \(sentence)\nUsage: neuroai worker "), "\(ending)")
        }
    }

    @Test func anInteractiveWorkerNeedsNoModelAndLeavesSegmentationsAlone() async throws {
        try await TemporaryFolder.with { folder in
            let clinic = try await CrashFixture(folder)
            let task = try await clinic.startedTask()
            let worker = try clinic.worker(
                WorkerID(), after: nil, arguments: ["--classes", "interactive", "--slots", "2"],
                environment: ["SEGMENTATION_MODEL_PATH": "/nonexistent"])
            #expect(await eventually { clinic.journal.contains("worker started") }, "\(clinic.journal)")
            #expect(clinic.journal.contains("slots=2"), "\(clinic.journal)")
            try await Task.sleep(for: .seconds(2))
            #expect(try await clinic.task(task.id).status == .pending)
            #expect(try await clinic.served() == ["interactive"])
            #expect(await worker.end(SIGTERM))
        }
    }

    /// A crash in native imaging code must not affect a score that a user is waiting for.
    @Test func interactiveJobsHaveAProcessOfTheirOwnThatGoesWithTheWorker() async throws {
        try await TemporaryFolder.with { folder in
            let clinic = try await CrashFixture(folder)
            let worker = try clinic.worker(WorkerID(), after: nil)
            #expect(
                await eventually { (try? await clinic.served()) == ["imaging", "interactive"] }, "\(clinic.journal)")
            let first = try #require(Program.children(of: worker.pid).first)
            kill(first, SIGKILL)
            #expect(
                await eventually { Program.children(of: worker.pid).contains { $0 != first } }, "\(clinic.journal)")
            let second = Program.children(of: worker.pid)
            #expect(second.count == 1)
            await worker.end(SIGKILL)
            #expect(await eventually { second.allSatisfy { kill($0, 0) != 0 } }, "it outlives its worker")
        }
    }
}
