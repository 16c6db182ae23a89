import Basics

/// The series of one patient that overlay each other, and which of them lends its grid to the result.
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

    /// The sequence whose grid the result is counted on: T1CE, else T1, FLAIR, T2.
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

/// Where the mask that tells the brain from the rest of the head came from.
package enum BrainMask: String, Codable, Sendable {
    /// The images came skull-stripped: one value, or noise about one, surrounds the brain.
    case given
    /// The images show the skull; the model package's own network found the brain.
    case found
    /// The images show the skull, and the model looked at the whole head.
    case none
}

/// What a network says of a study, on the reference series' grid.
package struct TumourProbabilities: Sendable {
    /// One map for each region, values in 0...1, all on the reference's grid.
    package let regions: [TumourRegion: Image]
    /// The gate's mean weight of each expert over the foreground voxels.
    package let gatingWeights: [MRISequence: Double]
    package let thresholds: RegionThresholds
    /// The voxels that the network looked at (1) on the reference's grid: the brain, or the head where there is no brain mask.
    package let foreground: LabelMap
    package let brainMask: BrainMask
    /// Where the time went.
    package let stages: [RunManifest.Stage]
    /// The Dice with an expert's mask that the model predicts of its own, 0...1; empty where its package states no way to.
    package let expectedDice: [TumourRegion: Double]
    /// A region whose predicted Dice is lower needs review; empty where the package states no such value.
    package let reviewBelow: [TumourRegion: Double]
    /// How sure one may be of a lesion; nil where the package states no way to tell.
    package let lesionPredictor: LesionConfidencePredictor?
    /// Whether anything enhances; nil where the segmenter does not ask.
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
    /// `cpu`, `gpu` or `cuda`, as the result names it.
    var device: String { get }
    /// Deterministic: equal studies give equal bits.
    func probabilities(of separated: SeparatedStudy, control: WorkControl) throws -> TumourProbabilities
}

extension Segmenter {
    package func probabilities(of study: Study, control: WorkControl) throws -> TumourProbabilities {
        try probabilities(of: SeparatedStudy(study), control: control)
    }
}
