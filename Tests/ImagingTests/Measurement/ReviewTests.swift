import Foundation
import Testing

@testable import Imaging

struct ReviewTests {
    private func contrast(_ correlation: Double, _ fluidRank: Double) throws -> SeriesContrast {
        let json = "{\"correlation\": \(correlation), \"fluidRank\": \(fluidRank)}"
        return try JSONDecoder().decode(SeriesContrast.self, from: Data(json.utf8))
    }

    private func reasons(
        _ status: AtlasFit.Status = .aligned, brainMask: BrainMask = .given, brainVolume: Double = 1400,
        contrasts: [MRISequence: SeriesContrast] = [:],
        comparison: SeriesComparison = SeriesComparison(enhancement: 0.4, likeness: 0.3), hasLesions: Bool = true,
        expectedDice: [TumourRegion: Double] = [.wholeTumour: 0.9, .tumourCore: 0.9, .enhancingTumour: 0.9],
        reviewBelow: [TumourRegion: Double] = [:], enhancement: Enhancement? = nil
    ) -> [String] {
        Review(
            atlas: AtlasFit(status: status, fit: 0.95), brainMask: brainMask, brainVolume: brainVolume,
            contrasts: contrasts, comparison: comparison, hasLesions: hasLesions, expectedDice: expectedDice,
            reviewBelow: reviewBelow, enhancement: enhancement
        ).reasons
    }

    @Test func aSoundStudyNeedsNone() throws {
        let contrasts: [MRISequence: SeriesContrast] = [
            .t1: try contrast(0.43, 0.27), .t1ce: try contrast(0.31, 0.32), .t2: try contrast(-0.2, 0.54),
            .flair: try contrast(0.1, 0.35),
        ]
        #expect(reasons(contrasts: contrasts).isEmpty)
        #expect(!Review(reasons: []).isNeeded)
    }

    @Test func whatIsNoBrainIsFlagged() {
        #expect(reasons(brainVolume: 90).count == 1)
        #expect(reasons(brainVolume: 4000).count == 1)
        #expect(
            reasons(.notAligned) == [
                "The images could not be aligned with the brain atlas. They may not show a brain."
            ])
        #expect(reasons(.notAligned, brainMask: BrainMask.none).count == 1)
        #expect(reasons(hasLesions: false).first?.contains("rule one out") == true)
        // Nothing is known without an atlas, which the report states elsewhere.
        #expect(reasons(.notInstalled).isEmpty)
    }

    @Test func anUnsureModelIsFlagged() {
        #expect(
            reasons(expectedDice: [.wholeTumour: 0.69]) == [
                "The predicted Dice of whole tumour is 0.69, below the threshold of 0.70."
            ])
        #expect(reasons(expectedDice: [.wholeTumour: 0.71]).isEmpty)
        #expect(reasons(expectedDice: [:]).isEmpty)
        // Without a lesion there is no mask to review.
        #expect(reasons(hasLesions: false, expectedDice: [.wholeTumour: 0]).count == 1)
    }

    @Test func everyRegionHasItsOwnLine() {
        let sound: [TumourRegion: Double] = [.wholeTumour: 0.93, .tumourCore: 0.85, .enhancingTumour: 0.34]
        #expect(
            reasons(expectedDice: sound) == [
                "The predicted Dice of enhancing tumour is 0.34, below the threshold of 0.70."
            ])
        #expect(reasons(expectedDice: [.wholeTumour: 0.93, .tumourCore: 0.79]).count == 1)
        // If nothing enhances no Dice is predicted, and nothing is missing.
        #expect(reasons(expectedDice: [.wholeTumour: 0.93, .tumourCore: 0.85]).isEmpty)
        #expect(reasons(expectedDice: sound, reviewBelow: [.enhancingTumour: 0.3]).isEmpty)
        #expect(reasons(expectedDice: sound, reviewBelow: [.wholeTumour: 0.95]).count == 2)
    }

    @Test func doubtfulEnhancementIsFlagged() {
        let doubtful = reasons(enhancement: Enhancement(.none, probability: 0.41))
        #expect(doubtful == ["Whether anything enhances is uncertain (probability of enhancement 0.41)."])
        #expect(reasons(enhancement: Enhancement(.segmented, probability: 0.6)).count == 1)
        #expect(reasons(enhancement: Enhancement(.none, probability: 0.05)).isEmpty)
        #expect(reasons(enhancement: Enhancement(.notAssessed)).isEmpty)
    }

    @Test func wrongSlotsAreFound() throws {
        let t1 = try contrast(0.43, 0.27)
        let t2 = try contrast(-0.2, 0.54)
        let flair = try contrast(-0.05, 0.35)
        #expect(reasons(contrasts: [.t1: t2, .t2: t1]).count == 2)
        #expect(reasons(contrasts: [.t1ce: t2]) == ["The series given as T1CE does not have the contrast of T1CE."])
        #expect(reasons(contrasts: [.t1: flair]).count == 1)
        #expect(reasons(contrasts: [.t2: flair, .flair: try contrast(-0.1, 0.54)]).first?.contains("Fluid") == true)
        #expect(reasons(comparison: SeriesComparison(enhancement: -0.08, likeness: nil)).count == 1)
        #expect(reasons(comparison: SeriesComparison(enhancement: 0, likeness: -0.1)).count == 1)
        #expect(reasons(comparison: SeriesComparison(enhancement: nil, likeness: nil)).isEmpty)
    }
}
