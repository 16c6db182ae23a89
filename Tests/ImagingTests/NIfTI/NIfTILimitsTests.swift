import Foundation
import Imaging
import Testing

/// The fields of view and voxel counts that are accepted as a head, regardless of the file's length.
struct NIfTILimitsTests {
    struct Scan: Sendable, CustomTestStringConvertible {
        let size: [Int]
        let spacing: [Float]
        var bytes = 2
        /// A word of the rejection; `nil` if the scan is accepted.
        var word: String?
        var testDescription: String { "\(size) voxels of \(spacing) mm, \(bytes) bytes each" }
    }

    private static let scans = [
        Scan(size: [480, 480, 310], spacing: [0.5, 0.5, 0.5], bytes: 2),
        Scan(size: [480, 480, 310], spacing: [0.5, 0.5, 0.5], bytes: 8),
        Scan(size: [256, 224, 26], spacing: [0.9, 0.9, 5.5]),
        Scan(size: [512, 512, 24], spacing: [0.45, 0.45, 7]),
        Scan(size: [256, 320, 320], spacing: [1, 1, 1]),
        Scan(size: [800, 800, 800], spacing: [0.6, 0.6, 0.6], bytes: 1, word: "million"),
        Scan(size: [600, 600, 250], spacing: [0.5, 0.5, 0.5], bytes: 8, word: "million"),
        Scan(size: [60, 60, 60], spacing: [8.3, 8.3, 8.3], word: "498 × 498 × 498 mm"),
        Scan(size: [200, 200, 200], spacing: [2, 2, 2], word: "litres"),
        Scan(size: [31000, 49, 49], spacing: [0.0125, 4, 4], word: "mm between voxels"),
        Scan(size: [240, 240, 10], spacing: [1, 1, 20], word: "mm between voxels"),
        Scan(size: [30000, 100, 8], spacing: [1, 1, 5], word: "30000 × 100 × 40 mm"),
        Scan(size: [420, 200, 200], spacing: [1, 1, 1], word: "a head measures 40 to 400 mm"),
        Scan(size: [240, 240, 20], spacing: [1, 1, 1.5], word: "a head measures 40 to 400 mm"),
    ]

    @Test(arguments: scans) func aHeadIsBoundedByVoxelsAndMillimetres(_ scan: Scan) throws {
        try inTemporaryFolder { folder in
            let file = folder.appendingPathComponent("scan.nii")
            try write(scan, to: file)
            for limits in [NIfTILimits.head, .labels] {
                guard let word = scan.word else {
                    #expect(try NIfTIFile.grid(of: file, limits: limits).size.lengths == scan.size)
                    continue
                }
                let error = #expect(throws: ImagingError.self) { try NIfTIFile.grid(of: file, limits: limits) }
                #expect(error?.code == .unsupportedImage)
                #expect(error?.message.contains(word) == true, "\(error?.message ?? "no error")")
            }
        }
    }

    /// A sparse file of full length without voxel data.
    private func write(_ scan: Scan, to file: URL) throws {
        var builder = NIfTIBuilder()
        builder.type = try #require(
            NIfTIBuilder.scalars.first { Int($0.bits) == 8 * scan.bytes && $0.isFloat == (scan.bytes == 8) })
        builder.dimensions = [3] + scan.size.map { Int16($0) } + [1, 1, 1, 1]
        builder.spacing = [1] + scan.spacing
        var header = builder.bytes.prefix(352)
        for (axis, length) in scan.spacing.enumerated() {
            withUnsafeBytes(of: length.bitPattern.littleEndian) {
                header.replaceSubrange(280 + 20 * axis..<284 + 20 * axis, with: $0)
            }
        }
        try Data(header).write(to: file)
        let handle = try FileHandle(forWritingTo: file)
        try handle.truncate(atOffset: UInt64(352 + scan.size.reduce(scan.bytes, *)))
        try handle.close()
    }

    /// nibabel stores a float array with an integer header type and a scaling that misses whole numbers.
    @Test func labelsAreRoundedAndNothingElseIs() throws {
        try inTemporaryFolder { folder in
            let file = folder.appendingPathComponent("labels.nii")
            var builder = NIfTIBuilder()
            builder.type = NIfTIBuilder.scalars[1]
            builder.slope = 4 / 32_767 * 1.00001
            let stored = [0.0, 8192, 16_384, 24_575, 32_767]
            builder.value = { stored[$0 % 5] }
            try builder.bytes.write(to: file)
            #expect(try NIfTIFile.readLabels(file).values.prefix(5) == [0, 1, 2, 3, 4])
            #expect(try NIfTIFile.inspectLabels(file).labels == [0, 1, 2, 3, 4])
            for wrong in [0.06, 1.5, -0.2, 255.4, 300] {
                builder = NIfTIBuilder()
                builder.value = { $0 == 7 ? wrong : 1 }
                try builder.bytes.write(to: file)
                #expect(throws: ImagingError.self) { try NIfTIFile.readLabels(file) }
                #expect(throws: ImagingError.self) { try NIfTIFile.inspectLabels(file) }
            }
        }
    }
}
