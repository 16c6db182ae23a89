import Basics
import Crypto
import Foundation
import Imaging

/// `model.json`, format 2.
struct ModelManifest: Decodable {
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
        /// The grid's lengths are multiples of it; 1 for `sliding` by default.
        let multiple: Int?
        /// For `sliding`: voxels along i, j, k, the minimum length of a grid's axis if it may be shorter than that, the
        /// overlap of neighbouring windows as a share, and the blending.
        let size: [Int]?
        let least: Int?
        let overlap: Double?
        let blend: String?

        func windowStrategy() throws -> WindowStrategy {
            switch strategy {
            case "box":
                guard let multiple, multiple > 0 else { break }
                return .box(multiple: multiple)
            case "sliding":
                guard let size, size.count == 3, size.allSatisfy({ (8...512).contains($0) }), let overlap,
                    (0..<1).contains(overlap), blend == "gaussian", (least ?? 1) > 0
                else { break }
                return .sliding(size: GridSize(size), overlap: overlap, multiple: max(multiple ?? 1, 1), least: least)
            default:
                throw ModelPackage.invalid("The model package requires steps that this version does not support.")
            }
            throw ModelPackage.invalid("The package's model.json is inconsistent.")
        }
    }
    struct Stage: Decodable {
        struct Around: Decodable {
            let region: String
            let probability: Float
            let margin: Double
            let weight: Float

            enum CodingKeys: String, CodingKey {
                case region, probability
                case weight = "share"
                case margin = "margin_mm"
            }
        }

        let network: String
        /// The same network with 8-bit integers.
        let int8: String?
        let inputs: [String]
        let outputs: [String]
        let spacing: Double
        let antialiasSigmaFactor: Double
        let window: Window
        let around: Around?

        enum CodingKeys: String, CodingKey {
            case network, int8, inputs, outputs, window, around
            case spacing = "spacing_mm"
            case antialiasSigmaFactor = "antialias_sigma_factor"
        }

        func stage(in folder: URL) throws -> ModelPackage.Stage {
            let around = try around.map { around in
                guard let region = TumourRegion(abbreviation: around.region), (0..<1).contains(around.probability),
                    around.margin >= 0, (0...1).contains(around.weight)
                else { throw ModelPackage.invalid("The package's model.json is inconsistent.") }
                return ModelPackage.Around(
                    region: region, probability: around.probability, margin: around.margin, weight: around.weight)
            }
            var networks = [ModelPrecision.f32: folder.appendingPathComponent(network)]
            networks[.int8] = int8.map { folder.appendingPathComponent($0) }
            return ModelPackage.Stage(
                networks: networks, outputs: outputs, spacing: spacing,
                antialiasSigmaFactor: antialiasSigmaFactor, window: try window.windowStrategy(), around: around)
        }
    }
    struct Output: Decodable {
        let channel: Int
        let region: String
    }
    struct Metrics: Decodable {
        /// By sequence names, joined by `+`: Dice by region abbreviation, and `cases`.
        let subsets: [String: [String: Double]]

        func measured() throws -> [Set<MRISequence>: MeasuredDice] {
            var found: [Set<MRISequence>: MeasuredDice] = [:]
            for (names, row) in subsets {
                let sequences = names.split(separator: "+").compactMap { MRISequence(rawValue: String($0)) }
                guard let cases = row["cases"], cases >= 1, cases <= 1e6, !sequences.isEmpty else {
                    throw ModelPackage.invalid("The package's model.json is inconsistent.")
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
    /// The predicted Dice below which a region needs review: a number for the whole tumour, or one for each listed
    /// region.
    struct ReviewLines: Decodable {
        /// By region abbreviation.
        let lines: [String: Double]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let whole = try? container.decode(Double.self) {
                lines = [TumourRegion.wholeTumour.abbreviation: whole]
            } else {
                lines = try container.decode([String: Double].self)
            }
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
    let architecture: String
    let sequences: [MRISequence]
    let orientation: String
    let normalisation: Normalisation
    let stages: [Stage]
    let brain: Stage?
    let requires: [MRISequence]?
    let outputs: [Output]
    let activation: String
    /// For regions missing from `thresholds`.
    let threshold: Float
    let thresholds: [String: Float]?
    let files: [File]
    let metrics: Metrics?
    let temperatures: [String: Float]?
    let quality: [String: DicePredictor]?
    let reviewBelow: ReviewLines?
    let lesionPredictor: LesionConfidencePredictor?
    let enhancement: EnhancementPredictor?
    let coreRule: CoreRule?

    enum CodingKeys: String, CodingKey {
        case format, name, version, architecture, sequences, orientation, normalisation, stages, brain, requires,
            outputs
        case activation, threshold, thresholds, files, metrics, temperatures, quality, enhancement
        case reviewBelow = "review_below"
        case lesionPredictor = "lesion_confidence"
        case coreRule = "core_around_enhancement"
    }

    /// Checks that this runtime can reproduce the training exactly; anything else is rejected rather than approximated.
    func check() throws {
        let isKnown =
            format == 2 && orientation == "RAS" && activation == "sigmoid" && normalisation.method == "zscore"
            && normalisation.within == "foreground"
        guard isKnown else {
            throw ModelPackage.invalid("The model package requires steps that this version does not support.")
        }
        let isValid =
            sequences == MRISequence.allCases && (0...1).contains(threshold)
            && outputs.map(\.channel).sorted() == [0, 1, 2]
            && Set(outputs.compactMap { TumourRegion(abbreviation: $0.region) }).count == 3
            && (1...2).contains(stages.count)
            && [["logits"], ["logits", "gating_weights"]].contains(stages[0].outputs)
            && ([brain].compactMap { $0 } + stages).allSatisfy {
                $0.inputs == ["images", "availability"] && $0.spacing > 0
            }
            && stages.dropFirst().allSatisfy { $0.outputs == ["logits"] && $0.around != nil }
            && (brain.map { $0.outputs == ["logits"] && $0.around == nil } ?? true)
            && lesionPredictor?.isFinite != false && enhancement?.isFinite != false && coreRule?.isValid != false
        guard isValid else { throw ModelPackage.invalid("The package's model.json is inconsistent.") }
        for name in ([brain].compactMap { $0 } + stages).flatMap({ [$0.network, $0.int8].compactMap { $0 } })
        where !files.contains(where: { $0.path == name }) {
            throw ModelPackage.invalid("The package's model.json states no digest for \(name).")
        }
    }

    func checkFiles(in folder: URL) throws {
        for file in files {
            guard !file.path.contains(".."), !file.path.hasPrefix("/") else {
                throw ModelPackage.invalid("The package's model.json names a file outside its folder.")
            }
            guard let found = try? Self.lengthAndDigest(of: folder.appendingPathComponent(file.path)) else {
                throw ModelPackage.invalid("The model package lacks \(file.path).")
            }
            guard found == (file.bytes, file.sha256) else {
                throw ModelPackage.invalid(
                    "\(file.path) of the model package is not the file that model.json describes.")
            }
        }
    }

    /// The length in bytes and the SHA-256 in hexadecimal, read in chunks: a server that verifies its model never holds
    /// it in memory.
    private static func lengthAndDigest(of file: URL) throws -> (Int, String) {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        var length = 0
        var hash = SHA256()
        while let piece = try handle.read(upToCount: 1 << 18), !piece.isEmpty {
            length += piece.count
            hash.update(data: piece)
        }
        return (length, hash.finalize().hexadecimal)
    }
}
