import Basics
import Foundation
import Imaging
import Testing

@testable import Rendering

struct ContourSheetTests {
    /// A head of 120 × 140 × 100 mm in voxels of 2 × 2 × 5 mm with a block on the patient's left, front and top.
    private func study(flipped: Bool) -> (image: Image, labels: LabelMap) {
        let grid = VoxelGrid(
            size: GridSize(i: 60, j: 70, k: 20),
            affine: VoxelAffine(spacing: [2, 2, 5], origin: PatientPoint(x: -59, y: -69, z: -47.5)))
        var image = Image(grid: grid, filledWith: 100)
        var labels = LabelMap(grid: grid, filledWith: 0)
        for k in 14..<18 {
            for j in 50..<60 {
                for i in 5..<15 {
                    image[k, j, i] = 300
                    labels[k, j, i] = i < 8 ? 3 : 2
                }
            }
        }
        guard flipped else { return (image, labels) }
        let turn = AxisRearrangement(sources: [2, 0, 1], isFlipped: [false, true, true])
        return (image.rearranged(turn), labels.rearranged(turn))
    }

    /// The mean position of labelled pixels as shares of width and height.
    private func place(_ raster: PlaneRaster) -> (x: Double, y: Double) {
        var x = 0.0
        var y = 0.0
        var count = 0.0
        for (offset, label) in raster.labels.enumerated() where label != 0 {
            x += Double(offset % raster.width)
            y += Double(offset / raster.width)
            count += 1
        }
        return (x / count / Double(raster.width), y / count / Double(raster.height))
    }

    @Test(arguments: [false, true]) func thePatientsLeftIsOnTheRight(_ flipped: Bool) {
        let study = study(flipped: flipped)
        let sheet = ContourSheet(image: study.image, labels: study.labels)
        let axial = place(sheet.rasters[0])
        let coronal = place(sheet.rasters[1])
        let sagittal = place(sheet.rasters[2])
        #expect(axial.x > 0.7 && axial.y < 0.4)
        #expect(coronal.x > 0.7 && coronal.y < 0.4)
        #expect(sagittal.x < 0.4 && sagittal.y < 0.4)
    }

    @Test func pixelsAreSquareInThePatient() {
        let study = study(flipped: false)
        let sheet = ContourSheet(image: study.image, labels: study.labels)
        let axial = sheet.rasters[0]
        let coronal = sheet.rasters[1]
        #expect(abs(Double(axial.width) / Double(axial.height) - 120.0 / 140) < 0.02)
        #expect(abs(Double(coronal.width) / Double(coronal.height) - 120.0 / 100) < 0.02)
    }

    @Test func contoursHaveTheirColours() {
        let study = study(flipped: false)
        let sheet = ContourSheet(image: study.image, labels: study.labels)
        let axial = sheet.rasters[0]
        var colours = Set<UInt32>()
        for y in 0..<axial.height { for x in 0..<axial.width { colours.insert(sheet.colour(axial, x, y)) } }
        #expect(colours.contains(0x56B4E9) && colours.contains(0xD55E00))
        #expect(colours.contains { $0 == 0xFFFFFF })
    }

    @Test func whatSurroundsABrainIsBlackWhateverItsValue() {
        let study = study(flipped: false)
        let grid = study.image.grid
        func sheet(_ change: (Float) -> Float) -> ContourSheet {
            let values = study.labels.values.enumerated().map { change($1 == 0 ? 0 : Float(50 + $0 % 40)) }
            return ContourSheet(image: Image(grid: grid, values: values), labels: study.labels)
        }
        let black = sheet { $0 }
        let raised = sheet { 2 * $0 + 100 }
        for (one, other) in zip(black.rasters, raised.rasters) {
            for y in 0..<one.height {
                #expect((0..<one.width).allSatisfy { black.colour(one, $0, y) == raised.colour(other, $0, y) })
            }
        }
    }

    @Test func thePictureIsAPNGAndRepeats() throws {
        let study = study(flipped: false)
        let folder = FileManager.default.temporaryDirectory
        let files = (0..<2).map { _ in folder.appendingPathComponent("sheet-\(UUID().uuidString).png") }
        defer { for file in files { try? FileManager.default.removeItem(at: file) } }
        for file in files { try ContourSheet(image: study.image, labels: study.labels).write(to: file) }
        let first = try Data(contentsOf: files[0])
        #expect(first.prefix(4) == Data([0x89, 0x50, 0x4E, 0x47]))
        #expect(first == (try Data(contentsOf: files[1])))
    }

    @Test func aFolderThatIsNotThereIsAnError() {
        let study = study(flipped: false)
        #expect(throws: ImagingError.self) {
            try ContourSheet(image: study.image, labels: study.labels)
                .write(to: URL(fileURLWithPath: "/nonexistent/sheet.png"))
        }
    }

    @Test func theWriterDrawsTheMasksOnTheReference() throws {
        let image = study(flipped: true).image
        let inside = image.mask { $0 > 200 }
        let map = Image(grid: image.grid, values: inside.values.map { $0 == 0 ? 0 : 1 })
        let probabilities = TumourProbabilities(
            regions: [.wholeTumour: map, .tumourCore: map, .enhancingTumour: map], gatingWeights: [:],
            thresholds: RegionThresholds(), foreground: inside, brainMask: .given)
        let masks = try RegionMasks(probabilities, on: image.grid)
        let output = StudyOutput(
            series: [.flair: StudyOutput.Series(grid: image.grid, digest: "")], referenceImage: image,
            probabilities: probabilities, masks: masks,
            result: SegmentationResult(
                volumes: masks.volumes, confidenceScores: [:], maskFiles: [], structuredFindings: [], lesions: [],
                gatingWeights: [:], availableModalities: [.flair], referenceModality: .flair, reliability: [],
                brainMask: .given, modelVersion: "", device: "cpu"),
            model: ModelIdentity(name: "", version: "", digest: ""), codeVersion: "test")
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sheet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let writer = ContourSheetWriter()
        let files = try writer.write(output, to: folder)
        #expect(files == [OutputFile(name: "contours.png", content: .picture)])
        #expect(writer.fileNames(of: [.flair]) == ["contours.png"])
        let same = folder.appendingPathComponent("same.png")
        try ContourSheet(image: image, labels: masks.labels).write(to: same)
        #expect(try Data(contentsOf: folder.appendingPathComponent("contours.png")) == Data(contentsOf: same))
    }
}
