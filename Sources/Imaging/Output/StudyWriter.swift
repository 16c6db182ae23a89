import Basics
import Foundation

/// A study whose files have been written.
package struct WrittenStudy: Sendable {
    /// Including its mask files.
    package let result: SegmentationResult
    package let manifest: RunManifest
    /// The writers' files, in order, then the manifest. `result.json` is not included: it is `result`.
    package let files: [OutputFile]

    package init(result: SegmentationResult, manifest: RunManifest, files: [OutputFile]) {
        self.result = result
        self.manifest = manifest
        self.files = files
    }
}

/// Runs the writers for a study's output one after another, then writes `result.json` and `manifest.json`; each is a
/// timed stage.
package struct StudyWriter: Sendable {
    private static let resultName = "result.json"
    private static let manifestName = "manifest.json"
    /// The share of the whole work that `SegmentationPipeline.run` has already reported.
    private static let start = 0.8

    private let writers: [any StudyFileWriter]

    package init(_ writers: [any StudyFileWriter]) {
        self.writers = writers
    }

    /// The files written for a study with these sequences, relative to the folder.
    package func fileNames(of sequences: [MRISequence]) -> [String] {
        writers.flatMap { $0.fileNames(of: sequences) } + [Self.resultName, Self.manifestName]
    }

    /// - Throws: `ImagingError`; the caller removes files written so far.
    package func write(_ output: StudyOutput, to folder: URL, control: WorkControl) throws -> WrittenStudy {
        control.report("Writing the masks", Self.start)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var clock = StageClock(control)
        var files: [OutputFile] = []
        for writer in writers {
            try control.checkCancellation()
            files += try writer.write(output, to: folder)
            clock.lap(writer.stage)
        }
        var result = output.result
        result.maskFiles = files.filter(\.content.hasVoxels)
        try Self.json(result).write(to: folder.appendingPathComponent(Self.resultName))
        clock.lap("result")
        // The preview's letters depend on the machine's fonts, so another machine need not reproduce them.
        let digests = try result.maskFiles.concurrentMap { file in
            RunManifest.Output(
                name: file.name, sha256: try RunManifest.digest(of: folder.appendingPathComponent(file.name)))
        }
        clock.lap("digest")
        let manifest = RunManifest(output, stages: output.stages + clock.stages, outputs: digests)
        try Data(manifest.json().utf8).write(to: folder.appendingPathComponent(Self.manifestName))
        control.report("Done", 1)
        return WrittenStudy(
            result: result, manifest: manifest,
            files: files + [OutputFile(name: Self.manifestName, content: .manifest)])
    }

    private static func json(_ result: SegmentationResult) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(result)
    }
}
