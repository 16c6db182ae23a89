import Testing

@testable import Imaging

struct ExpectedDiceTests {
    private func map(_ values: [Float]) -> Image {
        Image(
            grid: Phantom.grid(GridSize(i: values.count, j: 1, k: 1), axes: [1, 0, 0, 0, 1, 0, 0, 0, 1]),
            values: values)
    }

    @Test func theExpectationIsDiceOfMaskAndProbabilities() {
        #expect(ExpectedDice.soft(map([0, 0, 1, 1]), threshold: 0.5) == 1)
        // Two voxels in the mask with 0.75 each, 0.25 outside: 2 · 1.5 ÷ (2 + 1.75).
        #expect(abs(ExpectedDice.soft(map([0.25, 0, 0.75, 0.75]), threshold: 0.5) - 0.8) < 1e-6)
        #expect(ExpectedDice.soft(map([0.4, 0.4]), threshold: 0.5) == 0)
    }

    @Test func theLineIsHeldWithinDice() {
        let regions = [TumourRegion.wholeTumour: map([0, 1]), .tumourCore: map([0, 0])]
        let lines = [
            TumourRegion.wholeTumour: QualityLine(slope: 2, intercept: -0.5),
            .tumourCore: QualityLine(slope: 1, intercept: -0.2), .enhancingTumour: QualityLine(slope: 1, intercept: 0),
        ]
        #expect(
            ExpectedDice.of(regions, threshold: 0.5, by: lines) == [.wholeTumour: 1, .tumourCore: 0])
    }
}
