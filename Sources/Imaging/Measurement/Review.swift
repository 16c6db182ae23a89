import Foundation

/// Whether a person must check a result before it is used, and why.
package struct Review: Codable, Equatable, Sendable {
    package let isNeeded: Bool
    /// One sentence each; empty if nothing was found, which proves nothing.
    package let reasons: [String]

    package init(reasons: [String]) {
        isNeeded = !reasons.isEmpty
        self.reasons = reasons
    }

    private enum CodingKeys: String, CodingKey {
        case isNeeded = "needed"
        case reasons
    }
}

extension Review {
    /// The volume in ml of a skull-stripped brain: 1018–1737 in the project's 38 studies (docs/decisions/0202).
    private static let brainVolumes = 700.0...2200.0
    /// The predicted Dice below which a region needs review if the model package does not define it (`review_below`). A
    /// mask below 0.7 is poor; the prediction is less certain for the core, so its threshold is higher
    /// (docs/decisions/0231).
    private static let minimumDice: [TumourRegion: Double] = [
        .wholeTumour: 0.7, .tumourCore: 0.8, .enhancingTumour: 0.7,
    ]
    /// Within this range the probability of enhancement is inconclusive, so a person decides (docs/decisions/0240).
    static let doubtfulEnhancement = 0.2..<0.8

    /// - Parameter stated: the model package's values.
    static func line(of region: TumourRegion, stated: [TumourRegion: Double]) -> Double {
        stated[region] ?? minimumDice[region] ?? 0
    }

    /// - Parameters:
    ///   - brainVolume: ml of the foreground.
    ///   - contrasts: by sequence; empty if no atlas is aligned.
    ///   - comparison: among the series.
    ///   - expectedDice: excludes regions without voxels and regions without a predictor.
    init(
        atlas: AtlasFit, brainMask: BrainMask, brainVolume: Double, contrasts: [MRISequence: SeriesContrast],
        comparison: SeriesComparison, hasLesions: Bool, expectedDice: [TumourRegion: Double],
        reviewBelow: [TumourRegion: Double] = [:], enhancement: Enhancement? = nil
    ) {
        var reasons: [String] = []
        if brainMask == .none {
            reasons.append("The images show the skull; the model was trained on skull-stripped images.")
        } else if !Self.brainVolumes.contains(brainVolume) {
            reasons.append("The brain volume is outside the range of adults (700–2200 ml).")
        } else if atlas.status == .notAligned {
            reasons.append("The images could not be aligned with the brain atlas. They may not show a brain.")
        }
        reasons += SeriesContrast.warnings(contrasts) + comparison.warnings
        if !hasLesions {
            reasons.append("No tumour was found; the model was not trained to rule one out.")
        } else {
            reasons += Self.warnings(expectedDice, below: reviewBelow) + Self.warnings(enhancement)
        }
        self.init(reasons: reasons)
    }

    /// A sentence for each region whose predicted Dice is below its threshold.
    private static func warnings(_ expected: [TumourRegion: Double], below lines: [TumourRegion: Double]) -> [String] {
        TumourRegion.allCases.compactMap { region in
            let line = line(of: region, stated: lines)
            guard let dice = expected[region], dice < line else { return nil }
            return "The predicted Dice of \(region.displayName) is \(QuantityText.coefficient(dice).text), "
                + "below the threshold of \(QuantityText.coefficient(line).text)."
        }
    }

    private static func warnings(_ enhancement: Enhancement?) -> [String] {
        guard let probability = enhancement?.probability, doubtfulEnhancement.contains(probability) else { return [] }
        return [
            "Whether anything enhances is uncertain (probability of enhancement \(QuantityText.coefficient(probability).text))."
        ]
    }
}

extension SeriesContrast {
    /// In 38 studies from four sources T1 is above 0.26, T1CE above 0.17, T2 below 0.05, FLAIR between -0.08 and 0.28
    /// (docs/decisions/0202).
    private static let plausible: [MRISequence: ClosedRange<Double>] = [
        .t1: 0.12...1, .t1ce: 0.12...1, .t2: -1...0.15, .flair: -0.2...0.45,
    ]

    /// Sentences about series whose contrast does not match their sequence.
    static func warnings(_ contrasts: [MRISequence: SeriesContrast]) -> [String] {
        var warnings = contrasts.sorted { $0.key < $1.key }.compactMap { sequence, contrast in
            plausible[sequence]?.contains(contrast.correlation) == false
                ? "The series given as \(sequence.displayName) does not have the contrast of \(sequence.displayName)."
                : nil
        }
        if warnings.isEmpty, let t2 = contrasts[.t2], let flair = contrasts[.flair], t2.fluidRank < flair.fluidRank {
            warnings.append("Fluid is darker on T2 than on FLAIR; they may have been swapped.")
        }
        return warnings
    }
}
