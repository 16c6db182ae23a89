import Basics
import Foundation
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// From a started task to its result, with a stand-in for the pipeline, on both databases.
@Suite struct SegmentCaseJobTests {
    @Test(arguments: TestDatabase.all, TestBlobs.Kind.all)
    func theResultIsThereWithItsFilesAndFindings(_ kind: TestDatabase, _ blobs: TestBlobs.Kind) async throws {
        try await SegmentationFixture.with(kind, on: blobs) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            #expect(try await ward.runner().workOnce())
            let done = try await ward.service.get(ward.doctor, task.id)
            #expect(done.status == .completed)
            #expect(done.percentage == 100)
            #expect(done.startedAt != nil && done.completedAt != nil)
            #expect(done.result == SegmentationFixture.result(of: [.t1ce, .flair]))
            #expect(try await ward.caseStatus() == .completed)
            #expect(try await ward.jobs.count("inference.complete") == 1)
            #expect(try await ward.count("findings") == 2)
            let result = try #require(try await ward.service.latestResult(ward.doctor, case: ward.caseID))
            #expect(result.model == SegmentationFixture.model)
            #expect(result.codeVersion == "test")
            #expect(result.inputsDigest == task.inputsDigest)
            #expect(result.files.map(\.name) == ["manifest.json", "segmentation.nii.gz"])
            let mask = try #require(result.files.last)
            #expect(try await ward.blobs.bytes(mask.blob) == Data("mask".utf8))
            #expect(mask.content == .labels && mask.sequence == .t1ce)
        }
    }

    @Test(arguments: TestDatabase.all)
    func theReportsJobIsEnqueuedWithTheResult(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            _ = try await ward.service.start(ward.doctor, case: ward.caseID)
            #expect(try await ward.runner().workOnce())
            let kinds = try await ward.database.read { connection in
                try connection.query("SELECT kind FROM jobs WHERE status = 'pending'").map {
                    try $0.get("kind", as: String.self)
                }
            }
            #expect(kinds == ["write-report"])
        }
    }

    @Test(arguments: TestDatabase.all)
    func anImageThatCannotBeUsedFailsAtOnceAndSaysWhy(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            let runner = ward.runner { _, _, _ in
                throw ImagingError(.incompatibleSeries, "The series do not overlay each other.")
            }
            #expect(try await runner.workOnce())
            let failed = try await ward.service.get(ward.doctor, task.id)
            #expect(failed.status == .failed)
            #expect(failed.errorMessage == "The series do not overlay each other.")
            #expect(try await ward.caseStatus() == .failed)
            #expect(try await ward.count("results") == 0)
            // The same inputs may be used again.
            #expect(try await ward.service.start(ward.doctor, case: ward.caseID).id != task.id)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aFaultOfOursIsTriedAgain(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            let broken = ward.runner { _, _, _ in throw ImagingError(.internalFault, "The network failed.") }
            #expect(try await broken.workOnce())
            #expect(try await ward.service.get(ward.doctor, task.id).status == .pending)
            #expect(try await ward.caseStatus() == .processing)
            #expect(try await eventually { try await ward.runner().workOnce() })
            let done = try await ward.service.get(ward.doctor, task.id)
            #expect(done.status == .completed)
            #expect(done.errorMessage == nil)
        }
    }

    /// The next run would need as much memory.
    @Test(arguments: TestDatabase.all)
    func aRunThatNeedsTooMuchMemoryIsNotTriedAgain(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            let runner = ward.runner { _, _, _ in throw ImagingError(.outOfMemory, "The network's run failed.") }
            #expect(try await runner.workOnce())
            let failed = try await ward.service.get(ward.doctor, task.id)
            #expect(failed.status == .failed && failed.errorMessage == JobLoss.outOfMemory)
        }
    }

    @Test(arguments: TestDatabase.all)
    func errorsOfOthersNeverReachTheUser(_ kind: TestDatabase) async throws {
        struct Indiscretion: Error, CustomStringConvertible {
            let description = "/data/smith.nii: Mrs Smith"
        }
        try await SegmentationFixture.with(kind) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            let runner = ward.runner { _, _, _ in throw Indiscretion() }
            let isOver = try await eventually {
                _ = try await runner.workOnce()
                return try await ward.service.get(ward.doctor, task.id).status == .failed
            }
            #expect(isOver)
            let message = try #require(try await ward.service.get(ward.doctor, task.id).errorMessage)
            #expect(!message.lowercased().contains("smith"))
        }
    }

    @Test(arguments: TestDatabase.all)
    func aCancelReachesTheNetworkWithinASecond(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            let runner = ward.runner { _, _, control in
                control.report("Network", 0.4)
                for _ in 1...200 {
                    try control.checkCancellation()
                    Thread.sleep(forTimeInterval: 0.05)
                }
                throw ImagingError(.internalFault, "Nobody cancelled.")
            }
            async let work: Bool = runner.workOnce()
            let isSeen = try await eventually {
                try await ward.service.get(ward.doctor, task.id).currentStep == "Network"
            }
            #expect(isSeen)
            let asked = ContinuousClock.now
            #expect(try await ward.service.cancel(ward.doctor, task.id).currentStep == "Cancelling")
            #expect(try await work)
            #expect(ContinuousClock.now - asked < .seconds(1))
            #expect(try await ward.service.get(ward.doctor, task.id).status == .cancelled)
            #expect(try await ward.caseStatus() == .uploaded)
            #expect(try await ward.count("results") == 0)
        }
    }

    /// Cancelled and failed reruns produce nothing, so the case stays completed with its original time.
    @Test(arguments: TestDatabase.all)
    func aRerunThatBringsNothingLeavesTheCaseCompleted(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            _ = try await ward.service.start(ward.doctor, case: ward.caseID)
            #expect(try await ward.runner().workOnce())
            let completed = try await ward.completedAt()
            #expect(try await ward.caseStatus() == .completed)
            let waiting = try await ward.service.start(ward.doctor, case: ward.caseID)
            #expect(try await ward.caseStatus() == .processing)
            _ = try await ward.service.cancel(ward.doctor, waiting.id)
            #expect(try await ward.caseStatus() == .completed)
            _ = try await ward.service.start(ward.doctor, case: ward.caseID)
            // Reports of the first run are handled by another worker.
            let failing = ward.runner { _, _, _ in throw ImagingError(.invalidImage, "Unreadable.") }
            #expect(try await failing.workOnce())
            #expect(try await ward.caseStatus() == .completed)
            #expect(try await ward.completedAt() == completed)
            // The changed images have no result yet.
            try await ward.addImage(.t2)
            let other = try await ward.service.start(ward.doctor, case: ward.caseID)
            _ = try await ward.service.cancel(ward.doctor, other.id)
            #expect(try await ward.caseStatus() == .uploaded)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aCaseKnowsSinceWhenItIsCompletedWhileAnotherTaskWaits(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            _ = try await ward.service.start(ward.doctor, case: ward.caseID)
            let other = try await ward.service.start(ward.doctor, case: ward.caseID, modelID: "stand-in")
            #expect(try await ward.runner().workOnce())
            #expect(try await ward.caseStatus() == .processing)
            _ = try await ward.service.cancel(ward.doctor, other.id)
            #expect(try await ward.caseStatus() == .completed)
            #expect(try await ward.completedAt() != nil)
        }
    }

    /// Regression test (F10): a task being cancelled is not returned.
    @Test(arguments: TestDatabase.all)
    func aStartRightAfterACancelRuns(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let first = try await ward.service.start(ward.doctor, case: ward.caseID)
            let gate = DispatchSemaphore(value: 0)
            let runner = ward.runner { _, _, control in
                gate.wait()
                try control.checkCancellation()
                throw ImagingError(.internalFault, "Nobody cancelled.")
            }
            async let work: Bool = runner.workOnce()
            defer { gate.signal() }
            #expect(try await eventually { try await ward.jobs.state(first.job)?.status == .running })
            #expect(try await ward.service.cancel(ward.doctor, first.id).status == .running)
            let second = try await ward.service.start(ward.doctor, case: ward.caseID)
            #expect(second.id != first.id && second.status == .pending)
            #expect(try await ward.service.start(ward.doctor, case: ward.caseID).id == second.id)
            gate.signal()
            #expect(try await work)
            #expect(
                try await eventually {
                    try await ward.service.get(ward.doctor, first.id).status == .cancelled
                })
            #expect(try await ward.caseStatus() == .processing)
            #expect(try await ward.runner().workOnce())
            #expect(try await ward.service.get(ward.doctor, second.id).status == .completed)
            #expect(try await ward.caseStatus() == .completed)
            #expect(try await ward.count("results") == 1)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aTaskThatRunsTwiceHasOneResult(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            // During the first worker's run, its lease is lost and a second one does all the work.
            let gate = DispatchSemaphore(value: 0)
            let first = ward.runner { sources, folder, control in
                gate.wait()
                return try SegmentationFixture.standIn(sources, folder, WorkControl())
            }
            async let slow: Bool = first.workOnce()
            defer { gate.signal() }
            #expect(
                try await eventually { try await ward.jobs.state(task.job)?.status == .running })
            // A heartbeat of the first worker may renew the lease in between: then try again.
            let isTaken = try await eventually {
                try await ward.database.write { _ = try $0.execute("UPDATE jobs SET lease_expires = 1") }
                return try await ward.runner().workOnce()
            }
            #expect(isTaken)
            gate.signal()
            #expect(try await slow)
            #expect(try await ward.count("results") == 1)
            #expect(try await ward.count("result_files") == 2)
            #expect(try await ward.jobs.count("inference.complete") == 1)
            #expect(try await ward.service.get(ward.doctor, task.id).status == .completed)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aCaseDeletedMeanwhileLeavesNothing(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            let gate = DispatchSemaphore(value: 0)
            let runner = ward.runner { _, folder, control in
                gate.wait()
                return try SegmentationFixture.standIn([:], folder, control)
            }
            async let work: Bool = runner.workOnce()
            defer { gate.signal() }
            #expect(
                try await eventually { try await ward.jobs.state(task.job)?.status == .running })
            // The series have been found by now: the run is inside the pipeline.
            try await Task.sleep(for: .milliseconds(200))
            try await ward.database.write { try $0.execute("DELETE FROM cases WHERE id = \(ward.caseID)") }
            gate.signal()
            #expect(try await work)
            #expect(try await ward.jobs.state(task.job)?.status == .cancelled)
            for table in ["results", "result_files", "blobs", "inference_tasks"] {
                #expect(try await ward.count(table) == 0)
            }
        }
    }

    @Test(arguments: TestDatabase.all)
    func imagesThatChangedAfterTheStartAreNotUsed(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let task = try await ward.service.start(ward.doctor, case: ward.caseID)
            try await ward.addImage(.t2)
            #expect(try await ward.runner().workOnce())
            let failed = try await ward.service.get(ward.doctor, task.id)
            #expect(failed.status == .failed)
            #expect(failed.errorMessage?.contains("start the segmentation again") == true)
        }
    }

    @Test func workFoldersGoWithTheirRunsAndOldOnesLater() async throws {
        try await TemporaryFolder.with { root in
            let folders = WorkFolders(root: root)
            let mine = try folders.make()
            let other = root.appendingPathComponent("someone-elses")
            try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
            folders.sweep()
            #expect(FileManager.default.fileExists(atPath: mine.path))
            folders.sweep(now: Date(timeIntervalSinceNow: 2 * 24 * 3600))
            #expect(!FileManager.default.fileExists(atPath: mine.path))
            #expect(FileManager.default.fileExists(atPath: other.path))
        }
    }
}
