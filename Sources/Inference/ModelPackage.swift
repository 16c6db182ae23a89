import Basics
import Crypto
import Foundation
import Imaging

/// A folder with `model.json` and the files that it names: what a network takes, what it gives and how sure one may be of it.
package struct ModelPackage: Sendable {
    package let folder: URL
    package let identity: ModelIdentity
    /// Channel order of the network's images.
    package let sequences: [MRISequence]
    package let standardDeviationFloor: Double
    /// The first sees the whole foreground, a second one the surroundings of what the first found.
    let stages: [Stage]
    /// Finds the brain in a head with its skull; nil where the package has no such network.
    let brain: Stage?
    /// Sequences without which the networks must not be run.
    package let required: [MRISequence]
    /// In one sentence.
    package let architecture: String
    /// Channel order of the logits.
    package let regions: [TumourRegion]
    package let thresholds: RegionThresholds
    /// Mean Dice on patients that training never saw, by the sequences given.
    let measured: [Set<MRISequence>: MeasuredDice]
    /// What logits are divided by before they become probabilities (temperature scaling, Guo et al. 2017); 1 where unstated.
    let temperatures: [TumourRegion: Float]
    /// How Dice follows from what the probabilities themselves expect; empty where that was not measured.
    let quality: [TumourRegion: DicePredictor]
    /// A region whose predicted Dice is lower needs review; without the regions for which that was not measured.
    let reviewBelow: [TumourRegion: Double]
    /// How sure one may be of a lesion; nil where that was not measured.
    let lesionPredictor: LesionConfidencePredictor?
    /// How to tell whether anything enhances; nil where that was not measured.
    let enhancementPredictor: EnhancementPredictor?
    /// Where the core of a tumour that enhances lies; nil where the package states nothing of it.
    let coreRule: CoreRule?

    struct Stage: Sendable {
        /// By precision; `f32` is always there.
        let networks: [ModelPrecision: URL]
        /// The network's outputs, logits first; the first stage's second output is the gate's mean weights.
        let outputs: [String]
        /// mm of its grid's voxels, along each axis.
        let spacing: Double
        /// Sigma in mm is this times √(target² − source²).
        let antialiasSigmaFactor: Double
        let window: WindowStrategy
        /// For a second stage.
        let around: Around?
    }

    /// What a second stage looks at, and how much it says.
    struct Around: Sendable {
        /// Voxels that the first stage gives this region more than this probability …
        let region: TumourRegion
        let probability: Float
        /// … and mm around them.
        let margin: Double
        /// The weight of the second stage's logits where it looked, against the first one's.
        let weight: Float
    }

    /// Reads `model.json` and compares every file with its digest.
    ///
    /// - Throws: `ImagingError(.invalidModel)` with what is wrong.
    package init(folder: URL) throws {
        guard folder.pathExtension != "pth", folder.pathExtension != "pt" else {
            throw Self.invalid(
                "SEGMENTATION_MODEL_PATH is a PyTorch checkpoint. Convert it with `neuroai models import` and set the path "
                    + "of the package.")
        }
        let json: Data
        do {
            json = try Data(contentsOf: folder.appendingPathComponent("model.json"))
        } catch {
            throw Self.invalid("The model package has no model.json. Check SEGMENTATION_MODEL_PATH.")
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

    /// How well it did with exactly these sequences; nil where that was not measured.
    package func measuredDice(with sequences: [MRISequence]) -> MeasuredDice? { measured[Set(sequences)] }

    /// Names of the networks' files, in the order in which they run.
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
        _ values: [String: Value], where isSound: (Value) -> Bool
    ) throws -> [TumourRegion: Value] {
        var found: [TumourRegion: Value] = [:]
        for (name, value) in values {
            guard let region = TumourRegion(abbreviation: name), isSound(value) else {
                throw invalid("The package's model.json is inconsistent.")
            }
            found[region] = value
        }
        return found
    }

    static func invalid(_ message: String) -> ImagingError { ImagingError(.invalidModel, message) }
}

/// How a network's numbers are held while it runs.
package enum ModelPrecision: String, Sendable, CaseIterable {
    /// 32-bit floating point throughout.
    case f32
    /// Convolutions in 8-bit integers, scaled per channel; a second set of files of the same package.
    case int8
}
