import Dicom
import Foundation
import Testing

/// highdicom reads the segmentations that this code writes with exact counts and places, and dciodvfy finds no error.
struct SegmentationTests {
    private struct Answer: Decodable {
        struct Segment: Decodable {
            let label: String
            let code: [String]
            let voxels: Int
            /// LPS mm.
            let centre: [Double]
        }

        let segments: [Segment]
        let sources: Int
        let patient: String
        let frames: Int
    }

    private static let equipment = SegmentationObject.Equipment(
        model: "NeuroAI", version: "1.0", algorithm: "test 1.0")

    /// Nested boxes of labels 2, 3 and 1.
    private static func labels(_ grid: LPSGrid) -> [UInt8] {
        var labels: [UInt8] = []
        for k in 0..<grid.slices {
            for j in 0..<grid.rows {
                for i in 0..<grid.columns {
                    let far = max(abs(i - grid.columns / 3), abs(j - grid.rows / 2), abs(k - grid.slices / 2))
                    labels.append(far < 2 ? 1 : far < 4 ? 3 : far < 6 ? 2 : 0)
                }
            }
        }
        return labels
    }

    /// The mean place of a label's voxels.
    private static func centre(of label: UInt8, _ labels: [UInt8], _ grid: LPSGrid) -> LPSVector {
        var sum = LPSVector(x: 0, y: 0, z: 0)
        var count = 0.0
        for (index, value) in labels.enumerated() where value == label {
            let k = index / (grid.rows * grid.columns)
            let j = index / grid.columns % grid.rows
            let steps = Double(index % grid.columns) * grid.stepI + Double(j) * grid.stepJ + Double(k) * grid.stepK
            sum = sum + grid.origin + steps
            count += 1
        }
        return 1 / count * sum
    }

    @Test(arguments: ["siemens", "enhanced"]) func highdicomReadsIt(_ style: String) throws {
        try inTemporaryFolder { folder in
            _ = try Peer.run("hospital.py", [style, folder.path])
            for choice in try SeriesSelection(SeriesAssembly(folder: folder)).chosen.values {
                let grid = try choice.series.grid.get()
                let labels = Self.labels(grid)
                let object = try SegmentationObject(of: choice.series, labels: labels, equipment: Self.equipment)
                let file = folder.appending(path: "segmentation.dcm")
                try Data(DicomFileWriter.bytes(object.dataSet())).write(to: file)
                let answer: Answer = try Peer.answer("segmentation.py", [file.path])
                #expect(
                    answer.segments.map(\.code) == [["6574001", "SCT"], ["79654002", "SCT"], ["C113842", "NCIt"]])
                #expect(answer.patient == "Phantom^Head")
                for (segment, label) in zip(answer.segments, [UInt8(1), 2, 3]) {
                    #expect(segment.voxels == labels.count { $0 == label }, "\(segment.label)")
                    let expected = Self.centre(of: label, labels, grid)
                    let found = LPSVector(x: segment.centre[0], y: segment.centre[1], z: segment.centre[2])
                    #expect((found - expected).length < 0.001, "\(segment.label)")
                }
                #expect(try Self.validatorErrors(file).isEmpty)
            }
        }
    }

    @Test func aSegmentationWithoutVoxelsHasOneFrame() throws {
        try inTemporaryFolder { folder in
            _ = try Peer.run("hospital.py", ["siemens", folder.path])
            let series = try #require(try SeriesSelection(SeriesAssembly(folder: folder)).chosen[.t2]?.series)
            let labels = [UInt8](repeating: 0, count: try series.grid.get().voxelCount)
            let object = try SegmentationObject(of: series, labels: labels, equipment: Self.equipment)
            let file = folder.appending(path: "segmentation.dcm")
            try Data(DicomFileWriter.bytes(object.dataSet())).write(to: file)
            let answer: Answer = try Peer.answer("segmentation.py", [file.path])
            #expect(answer.frames == 1 && answer.segments.allSatisfy { $0.voxels == 0 })
            #expect(try Self.validatorErrors(file).isEmpty)
        }
    }

    /// The lines of dicom3tools' `dciodvfy` that report errors.
    private static func validatorErrors(_ file: URL) throws -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/dciodvfy")
        process.arguments = [file.path]
        let output = Pipe()
        process.standardError = output
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(text.contains("Segmentation"), "dciodvfy does not know the object: \(text.prefix(200))")
        return text.split(separator: "\n").filter { $0.hasPrefix("Error") }.map(String.init)
    }
}
