import Basics
import Foundation
import Imaging
import Testing

@testable import Inference

struct WindowsTests {
    /// The start indices from MONAI 1.5's `dense_patch_slices` for these lengths.
    @Test(arguments: [
        (80, 64, 0.5, [0, 16]), (160, 64, 0.5, [0, 32, 64, 96]), (64, 64, 0.5, [0]), (100, 48, 0.25, [0, 36, 52]),
        (97, 32, 0, [0, 32, 64, 65]),
    ])
    func windowsStartWhereMONAIsDo(length: Int, window: Int, overlap: Double, expected: [Int]) {
        #expect(Windows.starts(length: length, window: window, overlap: overlap) == expected)
    }

    @Test func theMiddleOfAWindowCountsMost() {
        let size = GridSize(i: 16, j: 16, k: 16)
        let windows = Windows(over: GridSize(i: 32, j: 16, k: 16), .sliding(size: size, overlap: 0.5))
        #expect(windows.origins.map(\.i) == [0, 8, 16])
        let middle = (8 * 16 + 8) * 16 + 8
        #expect(windows.weights.max() == windows.weights[middle])
        #expect(windows.weights.min() == 1e-3)
        // exp(-0.5² · 3 / (2 · 2²))
        #expect(abs(windows.weights[middle] - Float(exp(-0.75 / 8))) < 1e-6)
    }

    /// Extracting and blending unchanged windows must reproduce the whole: reveals any wrong stride or origin.
    @Test(arguments: [GridSize(i: 21, j: 13, k: 9), GridSize(i: 8, j: 17, k: 8), GridSize(i: 21, j: 6, k: 4)])
    func cuttingAndBlendingGiveTheWhole(_ grid: GridSize) throws {
        let strategy = WindowStrategy.sliding(size: GridSize(i: 8, j: 8, k: 8), overlap: 0.5)
        let windows = Windows(over: grid, strategy)
        let values = (0..<3 * grid.count).map { Float(($0 * 7919) % 10007) / 1000 }
        var blend = WindowBlend(windows, channels: 3)
        for origin in windows.origins {
            let cut = windows.cut(values, channels: 3, at: origin)
            try blend.add(
                cut, gate: [0.25, 0.75], seen: Tensor(shape: [1, 3, windows.size.count], values: cut), at: origin)
        }
        let result = blend.result
        #expect(zip(result.logits, values).allSatisfy { abs($0 - $1) < 1e-4 })
        #expect(result.gate.count == 2 && abs(result.gate[0] - 0.25) < 1e-9)
    }

    @Test func aGridMayBeShorterThanAWindow() {
        let most = GridSize(i: 160, j: 160, k: 160)
        let strategy = WindowStrategy.sliding(size: most, overlap: 0.5, multiple: 16, least: 80)
        #expect((0..<3).map { strategy.length([30, 81, 170][$0], axis: $0) } == [80, 96, 176])
        let windows = Windows(over: GridSize(i: 80, j: 96, k: 160), strategy)
        #expect(windows.size == windows.grid && windows.origins == [GridSize(i: 0, j: 0, k: 0)])
        let two = Windows(over: GridSize(i: 80, j: 96, k: 176), strategy)
        #expect(two.size == GridSize(i: 80, j: 96, k: 160) && two.origins.map(\.k) == [0, 16])
        #expect(WindowStrategy.sliding(size: most, overlap: 0.5).length(30, axis: 0) == 160)
    }

    @Test func anotherShapeIsRefused() {
        let windows = Windows(over: GridSize(i: 16, j: 16, k: 16), .box(multiple: 16))
        var blend = WindowBlend(windows, channels: 3)
        let seen = Tensor(shape: [1], values: [0])
        let error = #expect(throws: ImagingError.self) {
            try blend.add([1, 2, 3], gate: [1, 0, 0, 0], seen: seen, at: windows.origins[0])
        }
        #expect(error?.code == .invalidModel)
    }

    /// The committed network with windows: one that covers the box gives the same bits, smaller ones nearly the same
    /// mask.
    @Test func aPackageMayAskForWindows() throws {
        let study = try StudyPhantom.study()
        func masks(_ window: String?) throws -> (LabelMap, [Float]) {
            let package = try window.map { window in
                try StudyPhantom.packageCopy(changing: "model.json") { data in
                    let json = String(decoding: data, as: UTF8.self)
                    data = Data(
                        json.replacing(
                            /"window": \{[^}]*\}/, with: "\"window\": \(window)", maxReplacements: 1
                        ).utf8)
                }
            }
            defer { if let package { try? FileManager.default.removeItem(at: package) } }
            let found = try ModelSegmenter(ModelPackage(folder: package ?? StudyPhantom.package))
                .probabilities(of: study, control: WorkControl())
            let grid = StudyPhantom.image(.t1ce).grid
            let mask = try #require(RegionMasks(found, on: grid).masks[.wholeTumour])
            return (mask, try #require(found.regions[.wholeTumour]).values)
        }
        let (box, whole) = try masks(nil)
        let covering = try masks(
            "{\"strategy\": \"sliding\", \"size\": [64, 80, 64], \"overlap\": 0.5, \"blend\": \"gaussian\"}")
        #expect(covering.1 == whole)
        let (windowed, _) = try masks(
            "{\"strategy\": \"sliding\", \"size\": [48, 64, 48], \"overlap\": 0.5, \"blend\": \"gaussian\"}")
        #expect(Agreement.dice(windowed, box) > 0.8)
    }
}
