import Basics

/// The series of one patient that overlay each other, and the reference series among them.
package struct Study: Sendable {
    package let images: [MRISequence: Image]

    /// - Throws: `ImagingError(.incompatibleSeries)` when empty.
    package init(images: [MRISequence: Image]) throws {
        guard !images.isEmpty else {
            throw ImagingError(.incompatibleSeries, "A study needs at least one of T1, T1CE, T2 and FLAIR.")
        }
        self.images = images
    }

    package var sequences: [MRISequence] { images.keys.sorted() }

    /// The sequence whose grid the result uses: T1CE, else T1, FLAIR, T2.
    package var reference: MRISequence {
        MRISequence.referenceOrder.first { images[$0] != nil } ?? sequences[0]
    }

    package var referenceImage: Image {
        get throws {
            guard let image = images[reference] else {
                throw ImagingError(.internalFault, "The study has no reference series.")
            }
            return image
        }
    }
}

/// The source of the mask that separates the brain from the rest of the head.
package enum BrainMask: String, Codable, Sendable {
    /// The images are skull-stripped: one value, or noise about one, surrounds the brain.
    case given
    /// The images show the skull; the model package's own network found the brain.
    case found
    /// The images show the skull, and the model processed the whole head.
    case none
}

/// A network's output for a study, on the reference series' grid.
package struct TumourProbabilities: Sendable {
    /// One map for each region, values in 0...1, all on the reference's grid.
    package let regions: [TumourRegion: Image]
    /// The gate's mean weight of each expert over the foreground voxels.
    package let gatingWeights: [MRISequence: Double]
    package let thresholds: RegionThresholds
    /// The voxels that the network processed (1) on the reference's grid: the brain, or the head without a brain mask.
    package let foreground: LabelMap
    package let brainMask: BrainMask
    /// The timed stages.
    package let stages: [RunManifest.Stage]
    /// The predicted Dice with an expert's mask, 0...1; empty if the package has no predictor.
    package let expectedDice: [TumourRegion: Double]
    /// The predicted Dice below which a region needs review; empty if the package does not define it.
    package let reviewBelow: [TumourRegion: Double]
    /// Predicts a lesion's confidence; `nil` if the package has no predictor.
    package let lesionPredictor: LesionConfidencePredictor?
    /// Whether any part enhances; `nil` if the segmenter does not assess it.
    package let enhancement: Enhancement?

    package init(
        regions: [TumourRegion: Image], gatingWeights: [MRISequence: Double], thresholds: RegionThresholds,
        foreground: LabelMap, brainMask: BrainMask, stages: [RunManifest.Stage] = [],
        expectedDice: [TumourRegion: Double] = [:],
        reviewBelow: [TumourRegion: Double] = [:], lesionPredictor: LesionConfidencePredictor? = nil,
        enhancement: Enhancement? = nil
    ) {
        self.regions = regions
        self.gatingWeights = gatingWeights
        self.thresholds = thresholds
        self.foreground = foreground
        self.brainMask = brainMask
        self.stages = stages
        self.expectedDice = expectedDice
        self.reviewBelow = reviewBelow
        self.lesionPredictor = lesionPredictor
        self.enhancement = enhancement
    }
}

extension WorkControl {
    /// - Throws: `ImagingError(.cancelled)` once cancelled.
    package func checkCancellation() throws {
        if isCancelled() { throw ImagingError(.cancelled, "The work was cancelled.") }
    }
}

/// Turns a study into tumour probabilities: a model package with its runtime, or a stand-in in tests.
package protocol Segmenter: Sendable {
    var model: ModelIdentity { get }
    /// `cpu`, `gpu` or `cuda`, as in the result.
    var device: String { get }
    /// Deterministic: equal studies give equal bits.
    func probabilities(of separated: SeparatedStudy, control: WorkControl) throws -> TumourProbabilities
}

extension Segmenter {
    package func probabilities(of study: Study, control: WorkControl) throws -> TumourProbabilities {
        try probabilities(of: SeparatedStudy(study), control: control)
    }
}
