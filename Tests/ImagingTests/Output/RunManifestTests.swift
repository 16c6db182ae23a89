import Basics
import Foundation
import Testing

@testable import Imaging

/// The differences by which a repeated run is distinguished from another one.
struct RunManifestTests {
    private static func manifest(
        input: String = "a", digest: String = "m", code: String = "1", atlas: String? = "x",
        outputs: [String: String] = ["wt.nii.gz": "1", "tc.nii.gz": "2"]
    ) -> RunManifest {
        RunManifest(
            inputs: [.init(sequence: .t1, sha256: input)],
            model: ModelIdentity(name: "unet", version: "2", digest: digest), codeVersion: code, device: "cpu",
            atlas: atlas, outputs: outputs.sorted { $0.key < $1.key }.map { .init(name: $0.key, sha256: $0.value) })
    }

    @Test func everyCauseIsNamed() {
        let first = Self.manifest()
        #expect(first.differences(from: Self.manifest()).isEmpty)
        #expect(first.differences(from: Self.manifest(input: "b")) == ["the inputs are other files"])
        // Another package with the same name and version.
        #expect(first.differences(from: Self.manifest(digest: "n")) == ["the model is unet 2, not the same package"])
        #expect(first.differences(from: Self.manifest(code: "2")) == ["the program's version is 2, not 1"])
        for atlas in ["y", nil] {
            #expect(first.differences(from: Self.manifest(atlas: atlas)) == ["the atlas is another one"])
        }
        #expect(
            first.differences(from: Self.manifest(outputs: ["wt.nii.gz": "1", "tc.nii.gz": "3"]))
                == ["tc.nii.gz differs"])
        #expect(first.differences(from: Self.manifest(outputs: ["wt.nii.gz": "1"])) == ["tc.nii.gz differs"])
    }

    @Test func whatIsNoManifestIsRefused() throws {
        try inTemporaryFolder { folder in
            let file = folder.appendingPathComponent("manifest.json")
            #expect(throws: ImagingError.self) { try RunManifest.read(file) }
            try Data("{}".utf8).write(to: file)
            #expect(throws: ImagingError.self) { try RunManifest.read(file) }
            try Data(Self.manifest().json().utf8).write(to: file)
            #expect(try RunManifest.read(file) == Self.manifest())
        }
    }

    /// A series on the reference's grid with other header forms gets a mask with its own forms.
    @Test func aMaskHasTheFormsOfItsOwnSeries() throws {
        try inTemporaryFolder { folder in
            let image = Phantom.image(try #require(Phantom.grids["straight"]))
            let other = Phantom.image(image.grid, texture: 11)
            let output = try SegmentationPipeline.bright.run(
                [.t1ce: MemorySource(image: image), .flair: MemorySource(image: other)], control: WorkControl())
            let file = folder.appendingPathComponent("own.nii.gz")
            try NIfTIFile.write(image, to: file)
            let own = try NIfTIFile.forms(of: file)
            var builder = NIfTIBuilder()
            builder.qformCode = 2
            builder.sformCode = 4
            let foreign = folder.appendingPathComponent("foreign.nii")
            try builder.bytes.write(to: foreign)
            let forms = try NIfTIFile.forms(of: foreign)
            #expect(own != forms)
            let series: [MRISequence: StudyOutput.Series] = [
                .t1ce: .init(grid: image.grid, digest: "a", forms: own),
                .flair: .init(grid: image.grid, digest: "b", forms: forms),
            ]
            let changed = StudyOutput(
                series: series, referenceImage: output.referenceImage, probabilities: output.probabilities,
                masks: output.masks, result: output.result, model: output.model, codeVersion: "test")
            let target = folder.appendingPathComponent("out")
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            _ = try NIfTIMaskWriter().write(changed, to: target)
            #expect(try NIfTIFile.forms(of: target.appendingPathComponent("t1ce/segmentation.nii.gz")) == own)
            let flair = try NIfTIFile.forms(
                of: target.appendingPathComponent("flair/segmentation.nii.gz"), limits: .anyVolume)
            #expect(flair.sformCode == 4 && flair.qformCode == 2)
        }
    }

    /// The phantom's head is a box of 1080 ml, the size of an adult brain.
    @Test func theBrainsVolumeIsInMillilitres() throws {
        let image = Phantom.image(try #require(Phantom.grids["straight"]))
        let output = try SegmentationPipeline.bright.run([.flair: MemorySource(image: image)], control: WorkControl())
        let reasons = try #require(output.result.review).reasons
        #expect(!reasons.contains { $0.contains("brain volume") }, "\(reasons)")
    }
}
