import Testing

@testable import Imaging

struct EnhancementTests {
    /// A row of ten voxels of half a millilitre: four brain, four tumour, two of them enhancing, and two background.
    private static let grid = Phantom.grid(GridSize(i: 10, j: 1, k: 1), axes: [10, 0, 0, 0, 10, 0, 0, 0, 5])
    private static let brain = LabelMap(grid: grid, values: [1, 1, 1, 1, 1, 1, 1, 1, 0, 0])

    private func image(_ values: [Float]) -> Image { Image(grid: Self.grid, values: values) }

    private func answer(
        _ images: [MRISequence: Image], enhancing: [Float] = [0, 0, 0, 0, 0, 0, 0.9, 0.8, 0, 0],
        by predictor: EnhancementPredictor? = EnhancementPredictor(intercept: -2, probability: 0, gain: 2)
    ) throws -> Enhancement {
        let whole = image([0, 0, 0, 0, 0.9, 0.9, 0.9, 0.9, 0, 0])
        return try EnhancementPredictor.answer(
            [.wholeTumour: whole, .tumourCore: whole, .enhancingTumour: image(enhancing)],
            thresholds: RegionThresholds(), in: Study(images: images), foreground: Self.brain, by: predictor)
    }

    private var dark: Image { image([10, 11, 10, 9, 10, 10, 11, 9, 0, 0]) }
    private var bright: Image { image([10, 11, 10, 9, 10, 10, 30, 30, 0, 0]) }

    @Test func whatIsBrighterThanWithoutContrastAgentEnhances() throws {
        let found = try answer([.t1: dark, .t1ce: bright])
        #expect(found.isSegmented && (found.probability ?? 0) > 0.8)
        #expect(try answer([.t1ce: bright]).isSegmented)
    }

    @Test func aMaskThatIsNoBrighterIsCleared() throws {
        let found = try answer([.t1: dark, .t1ce: dark])
        #expect(found.answer == .none && (found.probability ?? 1) < 0.2)
        #expect(try answer([.t1: bright, .t1ce: bright]).answer == .none)
    }

    @Test func withoutT1CENothingIsSaidToEnhance() throws {
        #expect(try answer([.t1: dark, .flair: bright]) == Enhancement(.notAssessed))
    }

    @Test func withoutT1NothingIsCleared() throws {
        #expect(try answer([.t1ce: dark]) == Enhancement(.segmented))
    }

    @Test func whatMarksNothingNeedsNoPredictor() throws {
        #expect(try answer([.t1ce: bright], enhancing: [Float](repeating: 0.1, count: 10)) == Enhancement(.none))
        #expect(try answer([.t1ce: dark], by: nil) == Enhancement(.segmented))
    }

    /// The same numbers as `training/tests/test_enhancement.py`.
    @Test func thePredictorIsALogisticRegression() {
        let predictor = EnhancementPredictor(intercept: -3, probability: 2, gain: 1)
        #expect(abs(predictor.probability(mean: 0.5, gain: 1.5) - 0.377541) < 1e-6)
    }
}
