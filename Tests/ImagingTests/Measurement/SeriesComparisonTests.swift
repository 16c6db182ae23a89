import Testing

@testable import Imaging

struct SeriesComparisonTests {
    /// A ball of two tissues and a few bright vessels visible only in T1CE; FLAIR has the tissues swapped.
    private struct Head {
        let grid = VoxelGrid(
            size: GridSize(i: 32, j: 32, k: 32), affine: VoxelAffine(spacing: [4, 4, 4], origin: .origin))
        var images: [MRISequence: Image] = [:]
        var foreground: LabelMap

        init() {
            let empty = Image(grid: grid, filledWith: 0)
            foreground = LabelMap(grid: grid, filledWith: 0)
            var (t1, t1ce, flair) = (empty, empty, empty)
            for k in 0..<32 {
                for j in 0..<32 {
                    for i in 0..<32 where (i - 16) * (i - 16) + (j - 16) * (j - 16) + (k - 16) * (k - 16) < 196 {
                        let grain = Float((i * 7 + j * 13 + k * 29) % 31)
                        let isWhite = (i / 4 + j / 4 + k / 4) % 2 == 0
                        t1[k, j, i] = (isWhite ? 300 : 200) + grain
                        t1ce[k, j, i] = (isWhite ? 320 : 230) + grain + ((i * 5 + j * 3 + k) % 25 == 0 ? 400 : 0)
                        flair[k, j, i] = (isWhite ? 150 : 250) + grain
                        foreground[k, j, i] = 1
                    }
                }
            }
            images = [.t1: t1, .t1ce: t1ce, .flair: flair]
        }

        func comparison(_ order: [MRISequence: MRISequence] = [:]) throws -> SeriesComparison {
            var given = images
            for (slot, taken) in order { given[slot] = images[taken] }
            return try SeriesComparison(given, within: foreground)
        }
    }

    @Test func rightSlotsRaiseNoDoubt() throws {
        let found = try Head().comparison()
        #expect(try #require(found.enhancement) > 0.2 && #require(found.likeness) > 0.5)
        #expect(found.warnings.isEmpty)
    }

    @Test func interchangedSeriesAreTold() throws {
        let head = Head()
        let contrast = try head.comparison([.t1: .t1ce, .t1ce: .t1])
        #expect(try #require(contrast.enhancement) < -0.2)
        #expect(contrast.warnings.count == 1 && contrast.warnings[0].contains("contrast agent"))
        let flair = try head.comparison([.t1: .flair, .flair: .t1])
        #expect(try #require(flair.likeness) < -0.5)
        #expect(flair.warnings.contains { $0.contains("more like T1CE") })
    }

    @Test func whatIsNotThereIsNotCompared() throws {
        var head = Head()
        head.images[.flair] = nil
        #expect(try head.comparison().likeness == nil)
        head.images[.t1] = nil
        #expect(try head.comparison() == SeriesComparison(enhancement: nil, likeness: nil))
        #expect(try head.comparison().warnings.isEmpty)
    }
}
