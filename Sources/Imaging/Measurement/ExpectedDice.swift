import Foundation

/// Predicts Dice without a ground truth; fitted on patients with one (`training/calibrate.py`).
package struct DicePredictor: Codable, Equatable, Sendable {
    package let intercept: Double
    /// The weight of the Dice that the probabilities predict for their own mask.
    package let soft: Double
    /// The weight of the ratio of uncertain voxels to the mask's voxels.
    package let undecided: Double
    /// Added if T1CE is present.
    package let contrast: Double
    /// Added if T2 or FLAIR is present.
    package let fluid: Double

    package init(
        intercept: Double, soft: Double = 0, undecided: Double = 0, contrast: Double = 0, fluid: Double = 0
    ) {
        self.intercept = intercept
        self.soft = soft
        self.undecided = undecided
        self.contrast = contrast
        self.fluid = fluid
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            intercept: try values.decode(Double.self, forKey: .intercept),
            soft: try values.decode(Double.self, forKey: .soft),
            undecided: try values.decode(Double.self, forKey: .undecided),
            contrast: try values.decodeIfPresent(Double.self, forKey: .contrast) ?? 0,
            fluid: try values.decodeIfPresent(Double.self, forKey: .fluid) ?? 0)
    }

    package var isFinite: Bool { [intercept, soft, undecided, contrast, fluid].allSatisfy(\.isFinite) }

    /// - Parameter sequences: the study's sequences.
    func dice(soft expected: Double, undecided doubtful: Double, with sequences: Set<MRISequence>) -> Double {
        var sum = intercept + soft * expected + undecided * doubtful
        if sequences.contains(.t1ce) { sum += contrast }
        if !sequences.isDisjoint(with: [.t2, .flair]) { sum += fluid }
        return min(max(sum, 0), 1)
    }
}

/// Predicts the share of a lesion's voxels that an expert would mark from its mean probability and its volume; fitted
/// likewise.
package struct LesionConfidencePredictor: Codable, Equatable, Sendable {
    package let intercept: Double
    package let probability: Double
    /// Weight of log₁₀ of the volume in mm³.
    package let logVolume: Double

    package init(intercept: Double, probability: Double, logVolume: Double) {
        self.intercept = intercept
        self.probability = probability
        self.logVolume = logVolume
    }

    private enum CodingKeys: String, CodingKey {
        case intercept, probability
        case logVolume = "log_volume"
    }

    package var isFinite: Bool { [intercept, probability, logVolume].allSatisfy(\.isFinite) }

    /// 0...1.
    func confidence(probability mean: Double, volume: Double) -> Double {
        min(max(intercept + probability * mean + logVolume * log10(max(volume, 1)), 0), 1)
    }
}

/// Predicts Dice without a ground truth.
package enum ExpectedDice {
    /// Dice between a mask and the probabilities that it was made from: 2 Σ p over the mask ÷ (voxels of the mask + Σ
    /// p). For a calibrated model, the expected Dice of its mask; 0 for an empty mask.
    static func soft(_ probabilities: Image, threshold: Float) -> Double {
        var inside = 0.0
        var all = 0.0
        var count = 0.0
        for value in probabilities.values {
            all += Double(value)
            if value >= threshold {
                inside += Double(value)
                count += 1
            }
        }
        return count > 0 ? 2 * inside / (count + all) : 0
    }

    /// The ratio of uncertain voxels (0.1...0.9) to the mask's voxels, at most 5.
    static func undecided(_ probabilities: Image, threshold: Float) -> Double {
        let doubtful = probabilities.values.count { $0 > 0.1 && $0 < 0.9 }
        let inside = probabilities.values.count { $0 >= threshold }
        return min(Double(doubtful) / Double(max(inside, 1)), 5)
    }

    /// Regions without a predictor and regions without voxels are omitted.
    package static func of(
        _ regions: [TumourRegion: Image], thresholds: RegionThresholds, with sequences: Set<MRISequence>,
        by predictors: [TumourRegion: DicePredictor]
    ) -> [TumourRegion: Double] {
        var found: [TumourRegion: Double] = [:]
        for (region, predictor) in predictors {
            let threshold = thresholds[region]
            guard let map = regions[region], map.values.contains(where: { $0 >= threshold }) else { continue }
            found[region] = predictor.dice(
                soft: soft(map, threshold: threshold), undecided: undecided(map, threshold: threshold), with: sequences)
        }
        return found
    }
}
