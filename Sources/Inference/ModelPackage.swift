import Basics
import Crypto
import Foundation
import Imaging

/// A folder with `model.json` and the files that it lists: a network's inputs, outputs and measured accuracy.
package struct ModelPackage: Sendable {
    package let folder: URL
    package let identity: ModelIdentity
    /// Channel order of the network's images.
    package let sequences: [MRISequence]
    package let standardDeviationFloor: Double
    /// The first processes the whole foreground, a second one the surroundings of what the first found.
    let stages: [Stage]
    /// Finds the brain in a head with its skull; `nil` if the package has no such network.
    let brain: Stage?
    /// Sequences that the networks require.
    package let required: [MRISequence]
    /// One sentence.
    package let architecture: String
    /// Channel order of the logits.
    package let regions: [TumourRegion]
    package let thresholds: RegionThresholds
    /// The mean Dice on held-out patients, by available sequences.
    let measured: [Set<MRISequence>: MeasuredDice]
    /// The divisors of the logits before they become probabilities (temperature scaling, Guo et al. 2017); 1 by
    /// default.
    let temperatures: [TumourRegion: Float]
    /// Predicts Dice from the probabilities; empty if the package does not define it.
    let quality: [TumourRegion: DicePredictor]
    /// The predicted Dice below which a region needs review; regions without a measured value are missing.
    let reviewBelow: [TumourRegion: Double]
    /// Predicts a lesion's confidence; `nil` if the package does not define it.
    let lesionPredictor: LesionConfidencePredictor?
    /// Predicts whether any part enhances; `nil` if the package does not define it.
    let enhancementPredictor: EnhancementPredictor?
    /// Restricts the core of an enhancing tumour; `nil` if the package does not define it.
    let coreRule: CoreRule?

    struct Stage: Sendable {
        /// By precision; always contains `f32`.
        let networks: [ModelPrecision: URL]
        /// The network's outputs, logits first; the first stage's second output is the gate's mean weights.
        let outputs: [String]
        /// The voxel size of its grid in mm, along each axis.
        let spacing: Double
        /// Sigma in mm is this factor times √(target² − source²).
        let antialiasSigmaFactor: Double
        let window: WindowStrategy
        /// For a second stage.
        let around: Around?
    }

    /// The region that a second stage processes, and its weight.
    struct Around: Sendable {
        /// Voxels to which the first stage gives this region more than this probability …
        let region: TumourRegion
        let probability: Float
        /// … and mm around them.
        let margin: Double
        /// The weight of the second stage's logits, relative to the first's, where it processed voxels.
        let weight: Float
    }

    /// Reads `model.json` and compares every file with its digest.
    ///
    /// - Throws: `ImagingError(.invalidModel)` describing the problem.
    package init(folder: URL) throws {
        guard folder.pathExtension != "pth", folder.pathExtension != "pt" else {
            throw Self.invalid(
                "This is a PyTorch checkpoint. Convert it with `neuroai models import` and specify the package's folder."
            )
        }
        let json: Data
        do {
            json = try Data(contentsOf: folder.appendingPathComponent("model.json"))
        } catch {
            throw Self.invalid("There is no model package here: model.json is missing.")
        }
        let manifest: ModelManifest
        do {
            manifest = try JSONDecoder().decode(ModelManifest.self, from: json)
        } catch {
            throw Self.invalid("The package's model.json is corrupt or has an unknown format.")
        }
        try manifest.check()
        try manifest.checkFiles(in: folder)
        self.folder = folder
        identity = ModelIdentity(
            name: manifest.name, version: manifest.version, digest: SHA256.hash(data: json).hexadecimal)
        sequences = manifest.sequences
        standardDeviationFloor = manifest.normalisation.standardDeviationFloor
        stages = try manifest.stages.map { try $0.stage(in: folder) }
        brain = try manifest.brain?.stage(in: folder)
        required = manifest.requires ?? []
        architecture = manifest.architecture
        regions = manifest.outputs.sorted { $0.channel < $1.channel }.compactMap {
            TumourRegion(abbreviation: $0.region)
        }
        thresholds = RegionThresholds(
            try Self.byRegion(manifest.thresholds ?? [:]) { $0 > 0 && $0 < 1 }, otherwise: manifest.threshold)
        measured = try manifest.metrics?.measured() ?? [:]
        temperatures = try Self.byRegion(manifest.temperatures ?? [:]) { $0.isFinite && $0 > 0 }
        quality = try Self.byRegion(manifest.quality ?? [:]) { $0.isFinite }
        reviewBelow = try Self.byRegion(manifest.reviewBelow?.lines ?? [:]) { (0...1).contains($0) }
        lesionPredictor = manifest.lesionPredictor
        enhancementPredictor = manifest.enhancement
        coreRule = manifest.coreRule
    }

    /// The measured Dice with exactly these sequences; `nil` if it was not measured.
    package func measuredDice(with sequences: [MRISequence]) -> MeasuredDice? { measured[Set(sequences)] }

    /// The names of the networks' files, in the order in which they run.
    package var networkFiles: [String] {
        ([brain].compactMap { $0 } + stages).flatMap { stage in
            stage.networks.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value.lastPathComponent)
        }
    }

    /// The precisions in which every stage can run.
    package var precisions: [ModelPrecision] {
        ModelPrecision.allCases.filter { precision in stages.allSatisfy { $0.networks[precision] != nil } }
    }

    private static func byRegion<Value>(
        _ values: [String: Value], where isValid: (Value) -> Bool
    ) throws -> [TumourRegion: Value] {
        var found: [TumourRegion: Value] = [:]
        for (name, value) in values {
            guard let region = TumourRegion(abbreviation: name), isValid(value) else {
                throw invalid("The package's model.json is inconsistent.")
            }
            found[region] = value
        }
        return found
    }

    static func invalid(_ message: String) -> ImagingError { ImagingError(.invalidModel, message) }
}

/// The number format of a network while it runs.
package enum ModelPrecision: String, Sendable, CaseIterable {
    /// 32-bit floating point throughout.
    case f32
    /// Convolutions in 8-bit integers, scaled per channel; a second set of files in the same package.
    case int8
}
