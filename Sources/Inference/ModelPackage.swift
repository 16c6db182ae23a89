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
    /// Channel order of the logits.
    package let regions: [TumourRegion]
    package let threshold: Float
    /// Mean Dice on patients that training never saw, by the sequences given.
    let measured: [Set<MRISequence>: MeasuredDice]
    /// What logits are divided by before they become probabilities (temperature scaling, Guo et al. 2017); 1 where unstated.
    let temperatures: [TumourRegion: Float]
    /// How Dice follows from what the probabilities themselves expect; empty where that was not measured.
    let quality: [TumourRegion: QualityLine]

    struct Stage: Sendable {
        let network: URL
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
        let share: Float
    }

    /// Reads `model.json` and compares every file with its digest.
    ///
    /// - Throws: `ImagingError(.invalidModel)` with what is wrong.
    package init(folder: URL) throws {
        let json: Data
        do {
            json = try Data(contentsOf: folder.appendingPathComponent("model.json"))
        } catch {
            throw Self.invalid("There is no model.json in the model package; check SEGMENTATION_MODEL_PATH.")
        }
        let manifest: Manifest
        do {
            manifest = try JSONDecoder().decode(Manifest.self, from: json)
        } catch {
            throw Self.invalid("The package's model.json is damaged or of another format.")
        }
        try manifest.check()
        try manifest.checkFiles(in: folder)
        self.folder = folder
        identity = ModelIdentity(
            name: manifest.name, version: manifest.version, digest: SHA256.hash(data: json).hexadecimal)
        sequences = manifest.sequences
        standardDeviationFloor = manifest.normalisation.standardDeviationFloor
        stages = try manifest.stages.map { try $0.stage(in: folder) }
        regions = manifest.outputs.sorted { $0.channel < $1.channel }.compactMap {
            TumourRegion(abbreviation: $0.region)
        }
        threshold = manifest.threshold
        measured = try manifest.metrics?.measured() ?? [:]
        temperatures = try Self.byRegion(manifest.temperatures ?? [:]) { $0.isFinite && $0 > 0 }
        quality = try Self.byRegion(manifest.quality ?? [:]) { $0.slope.isFinite && $0.intercept.isFinite }
    }

    /// How well it did with exactly these sequences; nil where that was not measured.
    package func measuredDice(with sequences: [MRISequence]) -> MeasuredDice? { measured[Set(sequences)] }

    /// Names of the networks' files, in the order in which they run.
    package var networkFiles: [String] { stages.map(\.network.lastPathComponent) }

    private static func byRegion<Value>(
        _ values: [String: Value], where isSound: (Value) -> Bool
    ) throws -> [TumourRegion: Value] {
        var found: [TumourRegion: Value] = [:]
        for (name, value) in values {
            guard let region = TumourRegion(abbreviation: name), isSound(value) else {
                throw invalid("The package's model.json contradicts itself.")
            }
            found[region] = value
        }
        return found
    }

    fileprivate static func invalid(_ message: String) -> ImagingError { ImagingError(.invalidModel, message) }
}

/// `model.json`, format 2.
private struct Manifest: Decodable {
    struct Normalisation: Decodable {
        let method: String
        let within: String
        let standardDeviationFloor: Double

        enum CodingKeys: String, CodingKey {
            case method, within
            case standardDeviationFloor = "std_floor"
        }
    }
    struct Window: Decodable {
        let strategy: String
        /// Of the grid's lengths; 1 for `sliding` unless stated.
        let multiple: Int?
        /// For `sliding`: voxels along i, j, k, the share by which neighbours overlap, and how they are blended.
        let size: [Int]?
        let overlap: Double?
        let blend: String?

        func asked() throws -> WindowStrategy {
            switch strategy {
            case "box":
                guard let multiple, multiple > 0 else { break }
                return .box(multiple: multiple)
            case "sliding":
                guard let size, size.count == 3, size.allSatisfy({ (8...512).contains($0) }), let overlap,
                    (0..<1).contains(overlap), blend == "gaussian"
                else { break }
                return .sliding(size: GridSize(size), overlap: overlap, multiple: max(multiple ?? 1, 1))
            default:
                throw ModelPackage.invalid("The model package asks for steps that this version does not know.")
            }
            throw ModelPackage.invalid("The package's model.json contradicts itself.")
        }
    }
    struct Stage: Decodable {
        struct Around: Decodable {
            let region: String
            let probability: Float
            let margin: Double
            let share: Float

            enum CodingKeys: String, CodingKey {
                case region, probability, share
                case margin = "margin_mm"
            }
        }

        let network: String
        let inputs: [String]
        let outputs: [String]
        let spacing: Double
        let antialiasSigmaFactor: Double
        let window: Window
        let around: Around?

        enum CodingKeys: String, CodingKey {
            case network, inputs, outputs, window, around
            case spacing = "spacing_mm"
            case antialiasSigmaFactor = "antialias_sigma_factor"
        }

        func stage(in folder: URL) throws -> ModelPackage.Stage {
            let around = try around.map { around in
                guard let region = TumourRegion(abbreviation: around.region), (0..<1).contains(around.probability),
                    around.margin >= 0, (0...1).contains(around.share)
                else { throw ModelPackage.invalid("The package's model.json contradicts itself.") }
                return ModelPackage.Around(
                    region: region, probability: around.probability, margin: around.margin, share: around.share)
            }
            return ModelPackage.Stage(
                network: folder.appendingPathComponent(network), outputs: outputs, spacing: spacing,
                antialiasSigmaFactor: antialiasSigmaFactor, window: try window.asked(), around: around)
        }
    }
    struct Output: Decodable {
        let channel: Int
        let region: String
    }
    struct Metrics: Decodable {
        /// By the sequences' names, joined by `+`: Dice by region's abbreviation, and `cases`.
        let subsets: [String: [String: Double]]

        func measured() throws -> [Set<MRISequence>: MeasuredDice] {
            var found: [Set<MRISequence>: MeasuredDice] = [:]
            for (names, row) in subsets {
                let sequences = names.split(separator: "+").compactMap { MRISequence(rawValue: String($0)) }
                guard let cases = row["cases"], cases >= 1, cases <= 1e6, !sequences.isEmpty else {
                    throw ModelPackage.invalid("The package's model.json contradicts itself.")
                }
                let dice = TumourRegion.allCases.compactMap { region in
                    row[region.abbreviation].map { (region, $0) }
                }
                found[Set(sequences)] = MeasuredDice(
                    patients: Int(cases), dice: Dictionary(uniqueKeysWithValues: dice))
            }
            return found
        }
    }
    struct File: Decodable {
        let path: String
        let sha256: String
        let bytes: Int
    }

    let format: Int
    let name: String
    let version: String
    let sequences: [MRISequence]
    let orientation: String
    let normalisation: Normalisation
    let stages: [Stage]
    let outputs: [Output]
    let activation: String
    let threshold: Float
    let files: [File]
    let metrics: Metrics?
    let temperatures: [String: Float]?
    let quality: [String: QualityLine]?

    /// What this runtime can carry out exactly as the training did; anything else is refused rather than approximated.
    func check() throws {
        let isKnown =
            format == 2 && orientation == "RAS" && activation == "sigmoid" && normalisation.method == "zscore"
            && normalisation.within == "foreground"
        guard isKnown else {
            throw ModelPackage.invalid("The model package asks for steps that this version does not know.")
        }
        let isSound =
            sequences == MRISequence.allCases && (0...1).contains(threshold)
            && outputs.map(\.channel).sorted() == [0, 1, 2]
            && Set(outputs.compactMap { TumourRegion(abbreviation: $0.region) }).count == 3
            && (1...2).contains(stages.count) && stages[0].outputs == ["logits", "gating_weights"]
            && stages.allSatisfy { $0.inputs == ["images", "availability"] && $0.spacing > 0 }
            && stages.dropFirst().allSatisfy { $0.outputs == ["logits"] && $0.around != nil }
        guard isSound else { throw ModelPackage.invalid("The package's model.json contradicts itself.") }
        for stage in stages where !files.contains(where: { $0.path == stage.network }) {
            throw ModelPackage.invalid("The package's model.json states no digest for \(stage.network).")
        }
    }

    func checkFiles(in folder: URL) throws {
        for file in files {
            guard !file.path.contains(".."), !file.path.hasPrefix("/") else {
                throw ModelPackage.invalid("The package's model.json names a file outside its folder.")
            }
            guard let data = try? Data(contentsOf: folder.appendingPathComponent(file.path), options: .mappedIfSafe)
            else {
                throw ModelPackage.invalid("The model package lacks \(file.path).")
            }
            guard data.count == file.bytes, SHA256.hash(data: data).hexadecimal == file.sha256 else {
                throw ModelPackage.invalid(
                    "\(file.path) of the model package is not the file that model.json describes.")
            }
        }
    }
}

extension SHA256Digest {
    /// 64 hexadecimal digits, lower case.
    var hexadecimal: String {
        map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
