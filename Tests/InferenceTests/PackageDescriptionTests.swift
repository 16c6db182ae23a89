import Basics
import Foundation
import Imaging
import Testing

@testable import Inference

/// The limits of a package description that this runtime can execute exactly.
struct PackageDescriptionTests {
    /// Loads the committed package with a changed description; returns the error, or `nil` if it is accepted.
    private func refusal(_ change: @escaping (inout [String: Any]) -> Void) throws -> String? {
        let folder = try StudyPhantom.packageCopy(changing: "model.json") { data in
            var object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            change(&object)
            data = try JSONSerialization.data(withJSONObject: object)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            _ = try ModelPackage(folder: folder)
            return nil
        } catch let error as ImagingError {
            #expect(error.code == .invalidModel)
            return error.message
        }
    }

    private static func stages(_ object: inout [String: Any], _ change: (inout [String: Any]) -> Void) {
        var stages = object["stages"] as? [[String: Any]] ?? []
        change(&stages[0])
        object["stages"] = stages
    }

    @Test func theCommittedDescriptionIsTaken() throws {
        #expect(try refusal { _ in } == nil)
    }

    @Test func voxelsHaveASize() throws {
        for (spacing, isTaken) in [(0.5, true), (0, false), (-1, false)] {
            let message = try refusal { Self.stages(&$0) { $0["spacing_mm"] = spacing } }
            #expect((message == nil) == isTaken, "\(spacing)")
        }
    }

    @Test func windowsOverlapByLessThanThemselves() throws {
        func window(_ change: (inout [String: Any]) -> Void) throws -> Bool {
            var window: [String: Any] = [
                "strategy": "sliding", "size": [64, 64, 64], "overlap": 0.5, "blend": "gaussian",
            ]
            change(&window)
            let planted = window
            return try refusal { Self.stages(&$0) { $0["window"] = planted } } == nil
        }
        #expect(try window { _ in })
        for (overlap, isTaken) in [(0.0, true), (0.99, true), (1, false), (-0.1, false)] {
            #expect(try window { $0["overlap"] = overlap } == isTaken, "\(overlap)")
        }
        for (size, isTaken) in [
            ([8, 8, 8], true), ([512, 8, 8], true), ([7, 8, 8], false), ([8, 513, 8], false), ([8, 8], false),
        ] {
            #expect(try window { $0["size"] = size } == isTaken, "\(size)")
        }
        #expect(try !window { $0["blend"] = "constant" } && !window { $0["blend"] = nil })
        #expect(try window { $0["least"] = 1 } && !window { $0["least"] = 0 })
    }

    /// An absolute path appended to the folder would still name a file within it.
    @Test(arguments: ["/MODEL_CARD.md", "../MODEL_CARD.md", "a/../../MODEL_CARD.md"])
    func filesLieBelowTheFolder(_ path: String) throws {
        let message = try refusal { object in
            var files = object["files"] as? [[String: Any]] ?? []
            for index in files.indices where files[index]["path"] as? String == "MODEL_CARD.md" {
                files[index]["path"] = path
            }
            object["files"] = files
        }
        #expect(message == "The package's model.json names a file outside its folder.", "\(message ?? "taken")")
    }

    @Test func metricsAreOfAtLeastOnePatient() throws {
        for (cases, isTaken) in [(1, true), (0, false), (1_000_000, true), (1_000_001, false)] {
            let message = try refusal { object in
                var metrics = object["metrics"] as? [String: Any] ?? [:]
                var subsets = metrics["subsets"] as? [String: [String: Any]] ?? [:]
                if let name = subsets.keys.sorted().first { subsets[name]?["cases"] = cases }
                metrics["subsets"] = subsets
                object["metrics"] = metrics
            }
            #expect((message == nil) == isTaken, "\(cases)")
        }
    }

    @Test(arguments: [(0.0, false), (0.001, true), (0.999, true), (1, false)])
    func aThresholdLeavesBothSides(_ threshold: Double, _ isTaken: Bool) throws {
        #expect((try refusal { $0["thresholds"] = ["ET": threshold] } == nil) == isTaken)
    }

    @Test(arguments: [(-0.01, false), (0.0, true), (1, true), (1.01, false)])
    func aLineForReviewIsADice(_ line: Double, _ isTaken: Bool) throws {
        #expect((try refusal { $0["review_below"] = ["TC": line] } == nil) == isTaken)
    }

    /// NVIDIA before Intel before the CPU; a named device has no fallback.
    @Test func theFastestDeviceIsTriedFirst() {
        #expect(ComputeDevice.auto.candidates == [.cuda, .gpu, .cpu])
        for device in [ComputeDevice.cpu, .gpu, .cuda] { #expect(device.candidates == [device]) }
    }

    /// Gate weights are averaged by the amount of foreground in a window; an empty window does not count.
    @Test func anEmptyWindowsGateDoesNotCount() throws {
        let windows = Windows(
            over: GridSize(i: 16, j: 8, k: 8), .sliding(size: GridSize(i: 8, j: 8, k: 8), overlap: 0))
        #expect(windows.origins.map(\.i) == [0, 8])
        var blend = WindowBlend(windows, channels: 1)
        let count = windows.size.count
        for (origin, (foreground, gate)) in zip(windows.origins, [(count / 4, Float(1)), (0, 0)]) {
            let seen = (0..<count).map { Float($0 < foreground ? 1 : 0) }
            try blend.add(
                [Float](repeating: 0.5, count: count), gate: [gate, 1 - gate],
                seen: Tensor(shape: [1, 1, count], values: seen), at: origin)
        }
        #expect(blend.result.gate == [1, 0])
        #expect(
            blend.result.logits.allSatisfy { abs($0 - 0.5) < 1e-6 } && blend.result.looked?.contains(false) == false)
    }

    /// Where only one window contributes, with its lowest weight, its logits are unchanged.
    @Test func cornersKeepTheirLogits() throws {
        let windows = Windows(
            over: GridSize(i: 24, j: 16, k: 16), .sliding(size: GridSize(i: 16, j: 16, k: 16), overlap: 0.5))
        var blend = WindowBlend(windows, channels: 1)
        for origin in windows.origins {
            let values = [Float](repeating: 3, count: windows.size.count)
            try blend.add(values, gate: [], seen: Tensor(shape: [1], values: [1]), at: origin)
        }
        #expect(blend.result.logits.allSatisfy { abs($0 - 3) < 1e-4 })
        #expect(blend.result.gate.isEmpty)
    }

    /// Windows without any wanted voxel are skipped.
    @Test func onlyWindowsWithSomethingWantedLook() {
        let grid = GridSize(i: 16, j: 8, k: 8)
        var wanted = LabelMap(
            grid: VoxelGrid(size: grid, affine: VoxelAffine(rows: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0])), filledWith: 0)
        wanted[4, 4, 12] = 1
        let strategy = WindowStrategy.sliding(size: GridSize(i: 8, j: 8, k: 8), overlap: 0)
        #expect(Windows(over: grid, strategy, holding: wanted).origins.map(\.i) == [8])
        wanted[4, 4, 12] = 0
        #expect(Windows(over: grid, strategy, holding: wanted).origins.isEmpty)
    }

    /// Probability maps are nested voxel by voxel, and a series that ends above the base of the brain is used as far as
    /// it extends.
    @Test func innerRegionsAreNowhereLikelier() throws {
        let images = try StudyPhantom.study().images
        let flair = try #require(images[.flair])
        var cut = images
        cut[.flair] = flair.cropped(
            to: VoxelBox(
                lower: [0, 0, 8], size: GridSize(i: flair.grid.size.i, j: flair.grid.size.j, k: flair.grid.size.k - 8)))
        let found = try ModelSegmenter(ModelPackage(folder: StudyPhantom.package)).probabilities(
            of: Study(images: cut), control: WorkControl())
        let maps = try TumourRegion.allCases.map { try #require(found.regions[$0]).values }
        #expect(zip(maps[0], maps[1]).allSatisfy { $1 <= $0 } && zip(maps[1], maps[2]).allSatisfy { $1 <= $0 })
        #expect(maps[0].contains { $0 > 0.5 })
    }

    /// A series' z-scores are computed from its own voxels, not from zeros beyond its edge.
    @Test func aSlabsStatisticsAreItsOwn() throws {
        let package = try ModelPackage(folder: StudyPhantom.package)
        let images = try StudyPhantom.study([.t1ce, .flair]).images
        // Equally bright everywhere, so that every part has the mean of the whole.
        var flair = try #require(images[.flair])
        for index in flair.values.indices where flair.values[index] != 0 {
            flair.values[index] = 100 + Float(index % 7)
        }
        let slab = flair.cropped(
            to: VoxelBox(
                lower: [0, 0, flair.grid.size.k / 2],
                size: GridSize(i: flair.grid.size.i, j: flair.grid.size.j, k: flair.grid.size.k / 2)))
        func statistics(_ flair: Image) throws -> IntensityStatistics {
            let study = try Study(images: [.t1ce: try #require(images[.t1ce]), .flair: flair])
            let prepared = try PreparedStudy(SeparatedStudy(study).reoriented())
            let stage = package.stages[0]
            let input = try NetworkInput(
                prepared, on: stage.grid(around: prepared), stage, package, control: WorkControl())
            return try #require(input.statistics[.flair])
        }
        let (whole, part) = (try statistics(flair), try statistics(slab))
        #expect(abs(part.mean / whole.mean - 1) < 0.1, "\(whole) \(part)")
    }
}
