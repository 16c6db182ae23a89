import Crypto
import Foundation
import Imaging

/// A folder with `model.json` and the files that it names: what a network takes, what it gives and how sure one may be of it.
package struct ModelPackage: Sendable {
    package let folder: URL
    package let identity: ModelIdentity
    /// Channel order of the network's images.
    package let sequences: [MRISequence]
    /// mm along i, j, k of the network's grid.
    package let spacing: Double
    /// Sigma in mm is this times √(target² − source²).
    package let antialiasSigmaFactor: Double
    package let standardDeviationFloor: Double
    let window: WindowStrategy
    /// Channel order of the logits.
    package let regions: [TumourRegion]
    package let threshold: Float
    package let network: URL

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
        spacing = manifest.spacing[0]
        antialiasSigmaFactor = manifest.antialiasSigmaFactor
        standardDeviationFloor = manifest.normalisation.standardDeviationFloor
        window = try manifest.window.asked()
        regions = manifest.outputs.sorted { $0.channel < $1.channel }.compactMap {
            TumourRegion(abbreviation: $0.region)
        }
        threshold = manifest.threshold
        network = folder.appendingPathComponent(manifest.networks[0].file)
    }

    fileprivate static func invalid(_ message: String) -> ImagingError { ImagingError(.invalidModel, message) }
}

/// `model.json`, format 1.
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
    struct Network: Decodable {
        let file: String
        let inputs: [String]
        let outputs: [String]
    }
    struct Output: Decodable {
        let channel: Int
        let region: String
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
    let spacing: [Double]
    let normalisation: Normalisation
    let antialiasSigmaFactor: Double
    let window: Window
    let networks: [Network]
    let outputs: [Output]
    let activation: String
    let threshold: Float
    let files: [File]

    enum CodingKeys: String, CodingKey {
        case format, name, version, sequences, orientation, normalisation, window, networks, outputs, activation
        case threshold, files
        case spacing = "spacing_mm"
        case antialiasSigmaFactor = "antialias_sigma_factor"
    }

    /// What this runtime can carry out exactly as the training did; anything else is refused rather than approximated.
    func check() throws {
        let isKnown =
            format == 1 && orientation == "RAS" && activation == "sigmoid" && normalisation.method == "zscore"
            && normalisation.within == "foreground"
        guard isKnown else {
            throw ModelPackage.invalid("The model package asks for steps that this version does not know.")
        }
        let isSound =
            sequences == MRISequence.allCases && spacing.count == 3 && Set(spacing).count == 1 && spacing[0] > 0
            && (0...1).contains(threshold) && networks.count == 1
            && networks[0].inputs == ["images", "availability"] && networks[0].outputs == ["logits", "gating_weights"]
            && outputs.map(\.channel).sorted() == [0, 1, 2]
            && Set(outputs.compactMap { TumourRegion(abbreviation: $0.region) }).count == 3
        guard isSound else { throw ModelPackage.invalid("The package's model.json contradicts itself.") }
        guard files.contains(where: { $0.path == networks[0].file }) else {
            throw ModelPackage.invalid("The package's model.json states no digest for its network.")
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
