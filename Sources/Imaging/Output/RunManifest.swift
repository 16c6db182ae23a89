import Basics
import Crypto
import Foundation

/// Enough to repeat a run bit by bit: what went in, what worked on it, what came out.
package struct RunManifest: Codable, Equatable, Sendable {
    package struct Input: Codable, Equatable, Sendable {
        package let sequence: MRISequence
        /// SHA-256 of the series as it was stored: of a NIfTI file's bytes.
        package let sha256: String
    }
    package struct Output: Codable, Equatable, Sendable {
        package let name: String
        package let sha256: String
    }
    package struct Stage: Codable, Equatable, Sendable {
        package let name: String
        package let seconds: Double
    }

    package let inputs: [Input]
    package let model: ModelIdentity
    package let codeVersion: String
    package let device: String
    /// By a region's abbreviation: from which probability on a voxel belongs to it. nil in manifests of old, when all had the same.
    package let thresholds: [String: Float]?
    /// SHA-256 over the atlas's files; nil where none is installed.
    package let atlas: String?
    package let stages: [Stage]
    package let outputs: [Output]

    package init(
        inputs: [Input], model: ModelIdentity, codeVersion: String, device: String, thresholds: [String: Float]? = nil,
        atlas: String? = nil, stages: [Stage] = [], outputs: [Output] = []
    ) {
        self.inputs = inputs
        self.model = model
        self.codeVersion = codeVersion
        self.device = device
        self.thresholds = thresholds
        self.atlas = atlas
        self.stages = stages
        self.outputs = outputs
    }

    init(_ output: StudyOutput, stages: [Stage], outputs: [Output]) {
        self.init(
            inputs: output.series.sorted { $0.key < $1.key }.map { Input(sequence: $0.key, sha256: $0.value.digest) },
            model: output.model, codeVersion: output.codeVersion, device: output.result.device,
            thresholds: output.probabilities.thresholds.byAbbreviation, atlas: output.atlas, stages: stages,
            outputs: outputs)
    }

    /// JSON with sorted keys.
    package func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// - Throws: `ImagingError(.invalidImage)` where the file is no manifest.
    package static func read(_ url: URL) throws -> RunManifest {
        do {
            return try JSONDecoder().decode(RunManifest.self, from: Data(contentsOf: url))
        } catch {
            throw ImagingError(.invalidImage, "The manifest cannot be read: name the manifest.json of an earlier run.")
        }
    }

    /// The differences of a run that was to repeat this one; empty where every bit is the same.
    package func differences(from other: RunManifest) -> [String] {
        var found: [String] = []
        if inputs != other.inputs { found.append("the inputs are other files") }
        if model != other.model {
            found.append("the model is \(other.model.name) \(other.model.version), not the same package")
        }
        if codeVersion != other.codeVersion {
            found.append("the program's version is \(other.codeVersion), not \(codeVersion)")
        }
        if atlas != other.atlas { found.append("the atlas is another one") }
        let theirs = Dictionary(other.outputs.map { ($0.name, $0.sha256) }) { first, _ in first }
        for output in outputs where theirs[output.name] != output.sha256 { found.append("\(output.name) differs") }
        return found
    }

    /// SHA-256 of a file as 64 hexadecimal digits.
    static func digest(of url: URL) throws -> String {
        let handle = try FileHandle(forReadingFrom: url)
        defer { try? handle.close() }
        var hash = SHA256()
        while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
        return hash.finalize().hexadecimal
    }
}
