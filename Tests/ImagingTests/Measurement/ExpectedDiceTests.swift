import Foundation
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
        // Two mask voxels with 0.75 each, 0.25 outside: 2 · 1.5 ÷ (2 + 1.75).
        #expect(abs(ExpectedDice.soft(map([0.25, 0, 0.75, 0.75]), threshold: 0.5) - 0.8) < 1e-6)
        #expect(ExpectedDice.soft(map([0.4, 0.4]), threshold: 0.5) == 0)
    }

    private func expected(
        _ predictors: [TumourRegion: DicePredictor], with sequences: Set<MRISequence> = [.t1]
    ) -> [TumourRegion: Double] {
        let regions = [
            TumourRegion.wholeTumour: map([0, 0.5, 1, 1]), .tumourCore: map([0, 0, 1, 0]),
            .enhancingTumour: map([0, 0.5, 0, 0]),
        ]
        return ExpectedDice.of(
            regions, thresholds: RegionThresholds([.tumourCore: 0.4], otherwise: 0.6), with: sequences,
            by: predictors)
    }

    @Test func theSequencesGivenCount() throws {
        let whole = TumourRegion.wholeTumour
        let predictors = [whole: DicePredictor(intercept: 0.5, contrast: 0.125, fluid: 0.25)]
        #expect(expected(predictors, with: [.t1]) == [whole: 0.5])
        #expect(expected(predictors, with: [.t1, .t1ce]) == [whole: 0.625])
        #expect(expected(predictors, with: [.t2, .flair]) == [whole: 0.75])
        #expect(expected(predictors, with: [.t1ce, .flair]) == [whole: 0.875])
        // Packages of earlier versions have neither.
        let earlier = try JSONDecoder().decode(
            DicePredictor.self, from: Data(#"{"intercept": 0.5, "soft": 1, "undecided": 0}"#.utf8))
        #expect(earlier == DicePredictor(intercept: 0.5, soft: 1))
    }

    @Test func everySignHasItsWeight() {
        let whole = TumourRegion.wholeTumour
        #expect(expected([whole: DicePredictor(intercept: 0.25)]) == [whole: 0.25])
        // 2 · 2 ÷ (2 + 2.5), and one uncertain voxel relative to two of the mask.
        #expect(abs((expected([whole: DicePredictor(intercept: -0.5, soft: 1)])[whole] ?? 0) - 0.3889) < 1e-4)
        #expect(expected([whole: DicePredictor(intercept: 1, undecided: -0.5)]) == [whole: 0.75])
    }

    @Test func theExpectationIsHeldWithinDice() {
        let predictors = [
            TumourRegion.wholeTumour: DicePredictor(intercept: 1.5, soft: 2),
            .tumourCore: DicePredictor(intercept: -1.2, soft: 1),
        ]
        #expect(expected(predictors) == [.wholeTumour: 1, .tumourCore: 0])
    }

    @Test func aRegionsOwnThresholdDecides() {
        let maps = [TumourRegion.tumourCore: map([0, 0.5, 1, 0]), .enhancingTumour: map([0, 0.5, 1, 0])]
        let found = ExpectedDice.of(
            maps, thresholds: RegionThresholds([.tumourCore: 0.4], otherwise: 0.6), with: [],
            by: [
                .tumourCore: DicePredictor(intercept: 0, soft: 1),
                .enhancingTumour: DicePredictor(intercept: 0, soft: 1),
            ])
        // 2 · 1.5 ÷ (2 + 1.5), and 2 · 1 ÷ (1 + 1.5).
        #expect(abs((found[.tumourCore] ?? 0) - 0.8571) < 1e-4 && abs((found[.enhancingTumour] ?? 0) - 0.8) < 1e-4)
    }

    @Test func nothingIsExpectedOfAnEmptyMask() {
        #expect(expected([.enhancingTumour: DicePredictor(intercept: 0.65)]).isEmpty)
    }

    @Test func smallLesionsAreLessSure() {
        let predictor = LesionConfidencePredictor(intercept: -1, probability: 1, logVolume: 0.2)
        #expect(abs(predictor.confidence(probability: 0.8, volume: 100) - 0.2) < 1e-9)
        #expect(abs(predictor.confidence(probability: 0.8, volume: 10_000) - 0.6) < 1e-9)
        #expect(predictor.confidence(probability: 0.1, volume: 0) == 0)
    }
}
