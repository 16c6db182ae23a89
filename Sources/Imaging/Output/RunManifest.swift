import Basics
import Crypto
import Foundation

/// Everything needed to reproduce a run bit by bit: inputs, software and outputs.
package struct RunManifest: Codable, Equatable, Sendable {
    package struct Input: Codable, Equatable, Sendable {
        package let sequence: MRISequence
        /// SHA-256 of the series as stored, for example of a NIfTI file's bytes.
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
    /// The probability from which a voxel belongs to a region, by abbreviation; `nil` in older manifests, in which all
    /// regions had the same.
    package let thresholds: [String: Float]?
    /// SHA-256 of the atlas's files; `nil` if none is installed.
    package let atlas: String?
    /// Where each series lies in the reference's space; `nil` in manifests of versions without registration.
    package let registration: [SeriesPlacement]?
    package let stages: [Stage]
    package let outputs: [Output]

    package init(
        inputs: [Input], model: ModelIdentity, codeVersion: String, device: String, thresholds: [String: Float]? = nil,
        atlas: String? = nil, registration: [SeriesPlacement]? = nil, stages: [Stage] = [], outputs: [Output] = []
    ) {
        self.inputs = inputs
        self.model = model
        self.codeVersion = codeVersion
        self.device = device
        self.thresholds = thresholds
        self.atlas = atlas
        self.registration = registration
        self.stages = stages
        self.outputs = outputs
    }

    init(_ output: StudyOutput, stages: [Stage], outputs: [Output]) {
        self.init(
            inputs: output.series.sorted { $0.key < $1.key }.map { Input(sequence: $0.key, sha256: $0.value.digest) },
            model: output.model, codeVersion: output.codeVersion, device: output.result.device,
            thresholds: output.probabilities.thresholds.byAbbreviation, atlas: output.atlas,
            registration: output.registration, stages: stages, outputs: outputs)
    }

    /// JSON with sorted keys.
    package func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// - Throws: `ImagingError(.invalidImage)` if the file is not a manifest.
    package static func read(_ url: URL) throws -> RunManifest {
        do {
            return try JSONDecoder().decode(RunManifest.self, from: Data(contentsOf: url))
        } catch {
            throw ImagingError(.invalidImage, "The manifest cannot be read: name the manifest.json of an earlier run.")
        }
    }

    /// The differences from a run that was to reproduce this one; empty if every bit is equal.
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
