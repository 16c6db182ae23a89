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

    private func expected(
        agreement: Double? = 0.5, measured: Double? = 0.8, _ forecasts: [TumourRegion: DiceForecast]
    ) -> [TumourRegion: Double] {
        let regions = [TumourRegion.wholeTumour: map([0, 1]), .tumourCore: map([0, 0])]
        return ExpectedDice.of(
            regions, threshold: 0.5, by: forecasts,
            agreement: agreement.map { [.wholeTumour: $0, .tumourCore: $0] } ?? [:],
            measured: measured.map { MeasuredDice(patients: 6, dice: [.wholeTumour: $0, .tumourCore: $0]) })
    }

    @Test func everySignHasItsWeight() {
        let whole = TumourRegion.wholeTumour
        #expect(expected([whole: DiceForecast(intercept: 0.25)]) == [whole: 0.25])
        #expect(expected([whole: DiceForecast(intercept: -0.5, soft: 1)]) == [whole: 0.5])
        #expect(expected([whole: DiceForecast(intercept: 0, agreement: 0.5)]) == [whole: 0.25])
        #expect(expected([whole: DiceForecast(intercept: 0, measured: 0.5)]) == [whole: 0.4])
    }

    @Test func theExpectationIsHeldWithinDice() {
        let forecasts = [
            TumourRegion.wholeTumour: DiceForecast(intercept: -0.5, soft: 2),
            .tumourCore: DiceForecast(intercept: -0.2, soft: 1), .enhancingTumour: DiceForecast(intercept: 0, soft: 1),
        ]
        #expect(expected(forecasts) == [.wholeTumour: 1, .tumourCore: 0])
    }

    @Test func whatWasNotMeasuredIsNotForetold() {
        #expect(expected(measured: nil, [.wholeTumour: DiceForecast(intercept: 0.9)]).isEmpty)
        #expect(expected(agreement: nil, [.wholeTumour: DiceForecast(intercept: 0.9)]).isEmpty)
    }
}
