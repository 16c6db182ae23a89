import Foundation
import Testing

@testable import Imaging

/// Label maps sent as images, and images with few grey levels that are not label maps.
struct LabelMapTests {
    private static let grid = VoxelGrid(
        size: GridSize(i: 60, j: 60, k: 40), affine: VoxelAffine(spacing: [2, 2, 2], origin: .origin))

    /// A ball of regions 20 mm wide, each with its own value up to `labels`.
    private static func map(labels: Int) -> Image {
        image { i, j, k in Float(1 + (i / 10 * 7 + j / 10 * 11 + k / 10 * 17) % labels) }
    }

    private static func image(_ value: (Int, Int, Int) -> Float) -> Image {
        var image = Image(grid: grid, filledWith: 0)
        for k in 0..<40 {
            for j in 0..<60 {
                for i in 0..<60 where (i - 30) * (i - 30) + (j - 30) * (j - 30) + (k - 20) * (k - 20) * 2 < 750 {
                    image[k, j, i] = value(i, j, k)
                }
            }
        }
        return image
    }

    private func refusal(of image: Image) throws -> String? {
        try inTemporaryFolder { folder in
            let file = folder.appendingPathComponent("series.nii.gz")
            try NIfTIFile.write(image, to: file)
            do {
                _ = try NIfTIFile.inspect(file)
                _ = try NIfTIFile.readImage(file)
                return nil
            } catch let error as ImagingError {
                return error.message
            }
        }
    }

    @Test(arguments: [1, 2, 4, 6, 20, 50, 200]) func aLabelMapIsNoSeries(_ labels: Int) throws {
        let message = try #require(try refusal(of: Self.map(labels: labels)))
        #expect(message.contains("label map"), "\(message)")
    }

    /// Grey levels with a little noise, as in images of 4 to 8 bits.
    @Test(arguments: [10, 16, 32, 127, 255]) func anImageOfFewGreyLevelsIsTaken(_ levels: Int) throws {
        let image = Self.image { i, j, k in
            let smooth = sin(Float(i) / 5) + cos(Float(j) / 7) + sin(Float(k) / 4)
            let noise = Float((i * 7919 + j * 104_729 + k * 1_299_709) % 97) / 97 - 0.5
            return (1 + Float(levels - 1) * min(1, max(0, (smooth + noise + 3) / 6))).rounded()
        }
        #expect(try refusal(of: image) == nil)
    }

    /// Slices repeated along an axis equal their neighbours only along that axis.
    @Test func repeatedSlicesAreNoRegions() throws {
        let image = Self.image { i, j, k in Float(1 + ((i / 5) * 31 + j * 17 + k * 29) % 40) }
        #expect(try refusal(of: image) == nil)
    }

    @Test func theAtlasIsReadAllTheSame() throws {
        try inTemporaryFolder { folder in
            let file = folder.appendingPathComponent("labels.nii.gz")
            try NIfTIFile.write(Self.map(labels: 4), to: file)
            #expect(throws: Never.self) { try NIfTIFile.readImage(file, limits: .anyVolume) }
            #expect(throws: Never.self) { try NIfTIFile.readLabels(file) }
        }
    }
}
