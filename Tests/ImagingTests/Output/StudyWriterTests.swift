import Basics
import Foundation
import Imaging
import Testing

struct StudyWriterTests {
    /// Writes its name to a file.
    private struct NoteWriter: StudyFileWriter {
        let stage: String

        func fileNames(of sequences: [MRISequence]) -> [String] { [stage + ".txt"] }

        func write(_ output: StudyOutput, to folder: URL) throws -> [OutputFile] {
            try Data(stage.utf8).write(to: folder.appendingPathComponent(stage + ".txt"))
            return [OutputFile(name: stage + ".txt", content: .picture)]
        }
    }

    /// Always fails.
    private struct BrokenWriter: StudyFileWriter {
        let stage = "broken"

        func fileNames(of sequences: [MRISequence]) -> [String] { [] }

        func write(_ output: StudyOutput, to folder: URL) throws -> [OutputFile] {
            throw ImagingError(.diskFull, "The disk is full.")
        }
    }

    private func output() throws -> StudyOutput {
        let image = Phantom.image(try #require(Phantom.grids["straight"]))
        return try SegmentationPipeline.bright.run([.flair: MemorySource(image: image)], control: WorkControl())
    }

    @Test func theManifestHoldsEveryStageInItsOrder() throws {
        try inTemporaryFolder { folder in
            let output = try output()
            let writer = StudyWriter([NoteWriter(stage: "first"), NIfTIMaskWriter(), NoteWriter(stage: "last")])
            let study = try writer.write(output, to: folder, control: WorkControl())
            let read = try RunManifest.read(folder.appendingPathComponent("manifest.json"))
            #expect(read == study.manifest)
            #expect(
                read.stages.map(\.name) == output.stages.map(\.name) + ["first", "write", "last", "result", "digest"])
            #expect(Array(read.stages.prefix(output.stages.count)) == output.stages)
            #expect(read.inputs.map(\.sha256) == output.series.values.map(\.digest))
        }
    }

    @Test func everyFileIsWrittenUnderItsName() throws {
        try inTemporaryFolder { folder in
            let writer = StudyWriter([NIfTIMaskWriter(), NoteWriter(stage: "note")])
            let study = try writer.write(output(), to: folder, control: WorkControl())
            let masks = [
                "segmentation.nii.gz", "wt.nii.gz", "tc.nii.gz", "et.nii.gz", "flair/segmentation.nii.gz",
                "probabilities.nii.gz",
            ]
            #expect(study.files.map(\.name) == masks + ["note.txt", "manifest.json"])
            #expect(study.files.suffix(2).map(\.content) == [.picture, .manifest])
            #expect(study.result.maskFiles.map(\.name) == masks)
            #expect(study.manifest.outputs.map(\.name) == masks)
            #expect(Set(writer.fileNames(of: [.flair])) == Set(study.files.map(\.name) + ["result.json"]))
            for name in writer.fileNames(of: [.flair]) {
                #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path), "\(name)")
            }
            let json = try Data(contentsOf: folder.appendingPathComponent("result.json"))
            #expect(try JSONDecoder().decode(SegmentationResult.self, from: json) == study.result)
        }
    }

    @Test func aWriterThatFailsLeavesNoManifest() throws {
        try inTemporaryFolder { folder in
            let writer = StudyWriter([NIfTIMaskWriter(), BrokenWriter()])
            let error = #expect(throws: ImagingError.self) {
                try writer.write(output(), to: folder, control: WorkControl())
            }
            #expect(error?.code == .diskFull)
            #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("manifest.json").path))
        }
    }

    @Test func aCancelledWriterStops() throws {
        try inTemporaryFolder { folder in
            let writer = StudyWriter([NoteWriter(stage: "note")])
            let error = #expect(throws: ImagingError.self) {
                try writer.write(output(), to: folder, control: WorkControl(isCancelled: { true }))
            }
            #expect(error?.code == .cancelled)
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(left.isEmpty)
        }
    }
}
