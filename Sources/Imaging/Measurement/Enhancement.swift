import Foundation

/// Whether any part of a tumour enhances: one answer per case. If none does, no voxel is enhancing tumour; such voxels
/// stay core.
package struct Enhancement: Codable, Equatable, Sendable {
    package enum Answer: String, Codable, Sendable, CaseIterable {
        case segmented, none
        /// Without T1CE, enhancement is not visible.
        case notAssessed = "not_assessed"
    }

    package let answer: Answer
    /// The probability that any part enhances, 0...1; `nil` if the model marked nothing or its package has no
    /// predictor.
    package let probability: Double?

    package init(_ answer: Answer, probability: Double? = nil) {
        self.answer = answer
        self.probability = probability
    }

    /// Whether voxels may be enhancing tumour.
    package var isSegmented: Bool { answer == .segmented }

    /// As a clause of a report: `no enhancement segmented`; `nil` if a volume is reported instead.
    package var clause: String? {
        switch answer {
        case .segmented: nil
        case .none: "no enhancement segmented"
        case .notAssessed: "enhancement not assessed without T1CE"
        }
    }
}

/// Predicts whether any part enhances from the most probable voxels; fitted on patients with enhancement and the same
/// patients without it (keep in sync with `training/enhancement.py`).
package struct EnhancementPredictor: Codable, Equatable, Sendable {
    package let intercept: Double
    /// The weight of those voxels' mean probability.
    package let probability: Double
    /// The weight of their brightness in T1CE relative to T1, in standard deviations of the brain, compared with the
    /// rest of the tumour.
    package let gain: Double

    package init(intercept: Double, probability: Double, gain: Double) {
        self.intercept = intercept
        self.probability = probability
        self.gain = gain
    }

    package var isFinite: Bool { [intercept, probability, gain].allSatisfy(\.isFinite) }

    /// A mask is cleared if enhancement is less probable than this: losing a true one is worse than keeping a false
    /// one, which review reports.
    private static let minimumProbability = 0.25

    func probability(mean: Double, gain brighter: Double) -> Double {
        1 / (1 + exp(-(intercept + probability * mean + gain * brighter)))
    }

    /// - Parameters:
    ///   - study: with all its series; without T1CE nothing is assessed, without T1 nothing is cleared.
    ///   - foreground: the brain, on the grid of `regions`.
    package static func answer(
        _ regions: [TumourRegion: Image], thresholds: RegionThresholds, in study: Study, foreground: LabelMap,
        by predictor: EnhancementPredictor?
    ) throws -> Enhancement {
        guard let contrast = study.images[.t1ce] else { return Enhancement(.notAssessed) }
        let masks = try RegionMasks(regions, thresholds: thresholds, on: foreground.grid).masks
        guard let enhancing = masks[.enhancingTumour], let whole = masks[.wholeTumour],
            let map = regions[.enhancingTumour], enhancing.values.contains(1)
        else { return Enhancement(.none) }
        // Contrast uptake shows only in the comparison of both: T1CE alone cleared a true enhancement of 2.6 ml.
        guard let predictor, let plain = study.images[.t1] else { return Enhancement(.segmented) }
        let chosen = LikeliestVoxels(of: map)
        let gain = try ContrastGain(contrast, plain: plain, foreground: foreground)
        let probability = predictor.probability(
            mean: chosen.meanProbability, gain: gain.mean(of: chosen.marks, against: whole))
        return Enhancement(probability >= minimumProbability ? .segmented : .none, probability: probability)
    }
}

/// The millilitre with the highest probabilities: a speck of bright vessels is not an enhancing tumour.
private struct LikeliestVoxels {
    let marks: [Bool]
    let meanProbability: Double

    /// mm³
    private static let volume = 1000.0
    /// Less probable voxels are ignored.
    private static let probabilityFloor: Float = 0.005

    init(of map: Image) {
        let values = map.values.filter { $0 > Self.probabilityFloor }.sorted(by: >)
        let count = max(Int((Self.volume / map.grid.voxelVolume).rounded()), 1)
        let least = values.isEmpty ? Float.infinity : values[min(count, values.count) - 1]
        marks = map.values.map { $0 >= least }
        var (sum, marked) = (0.0, 0.0)
        for value in map.values where value >= least {
            sum += Double(value)
            marked += 1
        }
        meanProbability = sum / max(marked, 1)
    }
}

/// The brightness of voxels in T1CE relative to T1, both as z-scores of the brain.
private struct ContrastGain {
    private static let leastDeviation = 1e-6

    private let values: [Float]
    private let foreground: LabelMap

    init(_ contrast: Image, plain: Image, foreground: LabelMap) throws {
        self.foreground = foreground
        values = zip(try Self.scores(contrast, foreground), try Self.scores(plain, foreground)).map { $0 - $1 }
    }

    private static func scores(_ image: Image, _ foreground: LabelMap) throws -> [Float] {
        let values =
            image.grid == foreground.grid ? image.values : try Resampler.linear(image, to: foreground.grid).values
        return IntensityStatistics(values, within: foreground.values, floor: leastDeviation)
            .zScores(values, within: nil)
    }

    /// Relative to the rest of the tumour, or of the brain if that rest is smaller than the marked part.
    func mean(of marks: [Bool], against whole: LabelMap) -> Double {
        var (chosen, tumour, brain) = (Sum(), Sum(), Sum())
        for index in values.indices {
            if marks[index] {
                chosen.add(values[index])
            } else {
                if whole.values[index] != 0 { tumour.add(values[index]) }
                if foreground.values[index] != 0 { brain.add(values[index]) }
            }
        }
        return chosen.mean - (tumour.count < chosen.count ? brain : tumour).mean
    }

    private struct Sum {
        private(set) var count = 0.0
        private var total = 0.0

        mutating func add(_ value: Float) {
            count += 1
            total += Double(value)
        }

        var mean: Double { total / max(count, 1) }
    }
}
