import Foundation
import HTTPTypes
import Hummingbird
import Imaging
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

struct ExpertMaskRoutesTests {
    /// The grid of `HeadPhantom`.
    private static let grid = VoxelGrid(
        size: GridSize(i: 80, j: 96, k: 72),
        affine: VoxelAffine(rows: [2, 0, 0, -80, 0, 2, 0, -96, 0, 0, 2, -72]))

    /// A block of labels with one edge moved by `shift` voxels.
    private static func labels(shift: Int = 0, core: UInt8 = 3, on grid: VoxelGrid = grid) -> LabelMap {
        var map = LabelMap(grid: grid, filledWith: 0)
        for k in 10..<20 { for j in 10..<20 { for i in 10 + shift..<20 + shift { map[k, j, i] = i < 15 ? core : 2 } } }
        return map
    }

    private static func nifti(_ map: LabelMap) throws -> Data {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).nii.gz")
        defer { try? FileManager.default.removeItem(at: file) }
        try NIfTIFile.write(map, to: file)
        return try Data(contentsOf: file)
    }

    /// A stand-in that writes a mask like the pipeline.
    private static let segmenter: SegmentationEngine.Run = { _, folder, _ in
        try NIfTIFile.write(labels(), to: folder.appendingPathComponent("segmentation.nii.gz"))
        return try WebFixture.written(
            SegmentationResult(
                volumes: [.wholeTumour: 8000, .tumourCore: 0, .enhancingTumour: 0], confidenceScores: [:],
                maskFiles: [OutputFile(name: "segmentation.nii.gz", content: .labels, sequence: .t1ce)],
                structuredFindings: [
                    Finding(id: "F1", kind: .sequencesPresent, term: "T1CE"),
                    Finding(id: "F2", kind: .volume, region: .wholeTumour, quantity: 8000, unit: "mm3"),
                    Finding(id: "F3", kind: .volume, region: .tumourCore, quantity: 0, unit: "mm3"),
                    Finding(id: "F4", kind: .volume, region: .enhancingTumour, quantity: 0, unit: "mm3"),
                    Finding(id: "F5", kind: .lesionCount, quantity: 0, unit: "1"),
                ],
                lesions: [], gatingWeights: [:], availableModalities: [.t1ce], referenceModality: .t1ce,
                reliability: [], brainMask: .given, modelVersion: "1.0", device: "cpu"),
            to: folder)
    }

    private func send(
        _ data: Data, _ clinic: WebFixture, to caseID: String, as token: String, convention: String? = nil,
        headers: HTTPFields = [.init("Prefer").unsafelyUnwrapped: "respond-async"]
    ) async throws -> Answer {
        var body = Data()
        if let convention {
            body += Data(
                "--edge\r\nContent-Disposition: form-data; name=\"labelConvention\"\r\n\r\n\(convention)\r\n".utf8)
        }
        body += Data(
            "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"smith.nii.gz\"\r\n\r\n".utf8)
        body += data + Data("\r\n--edge--\r\n".utf8)
        var headers = headers
        headers[.contentType] = "multipart/form-data; boundary=edge"
        headers[.authorization] = "Bearer \(token)"
        let path = "/api/inference/upload-ground-truth/\(caseID)/"
        let answer = try await clinic.client.execute(
            uri: path, method: .post, headers: headers, body: ByteBuffer(bytes: body)
        ) { Answer($0) }
        return try await clinic.traced(.post, path, answer)
    }

    private func number(_ answer: [String: Any]?, _ key: String, _ region: String) -> Double? {
        (answer?[key] as? [String: Any])?[region] as? Double
    }

    @Test(arguments: TestDatabase.all, TestBlobs.Kind.all) func diceAndDistanceComeBack(
        _ kind: TestDatabase, _ blobs: TestBlobs.Kind
    ) async throws {
        try await WebFixture.with(kind, on: blobs) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            let mask = try Self.nifti(Self.labels(shift: 1))
            #expect(try await send(mask, clinic, to: id, as: token).status == .conflict)
            _ = try await clinic.call(.post, "/api/inference/predict/\(id)/", as: token)
            try await clinic.work(Self.segmenter)

            let sent = try await send(mask, clinic, to: id, as: token)
            #expect(sent.status == .accepted && sent["status"] == "pending" && sent["labelConvention"] == "brats2023")
            try await clinic.work(Self.segmenter)
            let path = try #require(sent.headers[.location])
            let done = try #require(try await clinic.call(.get, path, as: token).list.first)
            #expect(done["status"] as? String == "completed" && done["modality"] as? String == "t1ce")
            #expect(number(done, "dice", "whole_tumor") == 0.9 && number(done, "hd95", "whole_tumor") == 2)
            #expect(number(done, "dice", "enhancing_tumor").map { abs($0 - 8.0 / 9) < 1e-9 } == true)

            // An available worker responds while the client waits.
            let old = try Self.nifti(Self.labels(core: 4))
            async let working: Void = {
                while try await clinic.rows("expert_masks") < 2 { try await Task.sleep(for: .milliseconds(20)) }
                try await clinic.work(Self.segmenter)
            }()
            let waited = try await send(old, clinic, to: id, as: token, headers: [:])
            try await working
            #expect(waited.status == .created && waited["labelConvention"] == "brats")
            #expect(number(waited.object, "dice", "enhancing_tumor") == 1)
            #expect(try await clinic.call(.get, path, as: token).list.count == 2)
            let stranger = try await clinic.signUp("eve@clinic.org")
            #expect(try await clinic.call(.get, path, as: stranger).status == .notFound)
            #expect(try await send(mask, clinic, to: id, as: stranger).status == .notFound)
        }
    }

    /// The contract's values are in the response, even during another segmentation.
    @Test(arguments: TestDatabase.all) func aScoreDoesNotWaitForASegmentation(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind, settings: { $0.comparisonTimeout = .seconds(60) }) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            _ = try await clinic.call(.post, "/api/inference/predict/\(id)/", as: token)
            try await clinic.work(Self.segmenter)
            let other = try await clinic.makeUploadedCase(token)
            _ = try await clinic.call(.post, "/api/inference/predict/\(other)/", as: token)

            let isOver = Mutex(false)
            let queue = clinic.jobs { series, folder, control in
                while !isOver.withLock({ $0 }) {
                    try control.checkCancellation()
                    Thread.sleep(forTimeInterval: 0.02)
                }
                return try Self.segmenter(series, folder, control)
            }
            let worker = JobWorker(
                queue: queue, worker: WorkerID(), slots: try #require(WorkerSlots(WorkerSlots.usualClasses)),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let working = Task { await worker.run() }
            try #require(
                await eventually {
                    try await clinic.rows("jobs WHERE kind = 'segment-case' AND status = 'running'") > 0
                })
            let answer = try await send(
                try Self.nifti(Self.labels(shift: 1)), clinic, to: id, as: token, headers: [:])
            #expect(answer.status == .created && number(answer.object, "dice", "whole_tumor") == 0.9)
            #expect(try await clinic.rows("jobs WHERE kind = 'segment-case' AND status = 'running'") == 1)
            isOver.withLock { $0 = true }
            worker.stop()
            await working.value
        }
    }

    @Test func aMaskIsKeptWithoutAName() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            _ = try await clinic.call(.post, "/api/inference/predict/\(id)/", as: token)
            try await clinic.work(Self.segmenter)
            let before = try await clinic.blobs.allKeys()
            let plain = try Self.nifti(Self.labels())
            let named = NamedNIfTI.gzip(plain.first == 0x1f ? try Self.unpacked(plain) : plain)
            #expect(try await send(named, clinic, to: id, as: token).status == .accepted)
            let after = try await clinic.blobs.allKeys()
            let kept = try #require(after.first { !before.contains($0) })
            #expect(after.count == before.count + 1)
            let stored = try await clinic.blobs.bytes(kept)
            #expect(stored.range(of: Data("SMITH".utf8)) == nil && stored.count < named.count)
            try await clinic.work(Self.segmenter)
        }
    }

    /// The result was measured on the previous series, whose grid is still stored.
    @Test(arguments: TestDatabase.all) func aMaskOfAReplacedSeriesIsCompared(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            _ = try await clinic.call(.post, "/api/inference/predict/\(id)/", as: token)
            try await clinic.work(Self.segmenter)
            var moved = HeadPhantom.nifti(brightness: 20)
            withUnsafeBytes(of: Float(-10).bitPattern.littleEndian) { moved.replaceSubrange(292..<296, with: $0) }
            #expect(try await clinic.upload(moved, "t1ce", to: id, as: token).status == .created)
            let mask = try Self.nifti(Self.labels(shift: 1))
            #expect(try await send(mask, clinic, to: id, as: token).status == .accepted)
            var grid = Self.grid
            grid.affine.rows[3] = -10
            let onTheNewOne = try Self.nifti(Self.labels(on: grid))
            #expect(try await send(onTheNewOne, clinic, to: id, as: token).status == .badRequest)
        }
    }

    private static func unpacked(_ data: Data) throws -> Data {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).gz")
        defer { try? FileManager.default.removeItem(at: file) }
        try data.write(to: file)
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/gzip")
        process.arguments = ["-dc", file.path]
        process.standardOutput = output
        try process.run()
        let unpacked = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return unpacked
    }

    @Test func whatCannotBeComparedIsRefusedAndLeavesNothing() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            _ = try await clinic.call(.post, "/api/inference/predict/\(id)/", as: token)
            try await clinic.work(Self.segmenter)
            let files = try await clinic.storedFiles()
            var grid = Self.grid
            grid.affine.rows[3] = -40
            let moved = try Self.nifti(Self.labels(on: grid))
            var both = Self.labels()
            both[15, 15, 15] = 4
            let ambiguous = try Self.nifti(both)
            for (data, convention, field) in [
                (moved, nil, "file"), (ambiguous, nil, "labelConvention"), (ambiguous, "brats2023", "file"),
                (try Self.nifti(Self.labels()), "nonsense", "labelConvention"), (Data("no".utf8), nil, "file"),
            ] as [(Data, String?, String)] {
                let answer = try await send(data, clinic, to: id, as: token, convention: convention)
                #expect(answer.status == .badRequest && answer.object[field] != nil, "\(answer.text)")
            }
            #expect(try await clinic.storedFiles() == files)
            #expect(try await clinic.rows("expert_masks") == 0)
            for convention in ["brats2024", "BraTS-METS"] {
                let sent = try await send(ambiguous, clinic, to: id, as: token, convention: convention)
                #expect(sent.status == .accepted && sent["labelConvention"] == convention.lowercased())
            }
        }
    }
}
