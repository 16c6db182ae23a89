import Foundation
import Testing

@testable import Imaging

/// One image used as two sequences with different brightness.
struct SeriesCopiesTests {
    private static let sound = SeriesPhantom()

    struct Copy: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (Image) -> Image

        init(_ name: String, _ change: @escaping @Sendable (Float) -> Float) {
            testDescription = name
            self.change = { image in Image(grid: image.grid, values: image.values.map { $0 == 0 ? 0 : change($0) }) }
        }

        init(mirrored copy: Copy, along axis: Int) {
            testDescription = copy.testDescription + ", mirrored along \(axis)"
            change = { copy.change($0).mirrored(along: axis) }
        }
    }

    private static let plain = [
        Copy("gain") { $0 * 1.7 }, Copy("gain and offset") { $0 * 0.6 + 100 },
        Copy("rounded") { ($0 * 0.1).rounded() }, Copy("turned over") { 2000 - $0 }, Copy("gamma") { $0.squareRoot() },
    ]
    private static let copies =
        plain + plain.prefix(3).flatMap { copy in (0..<3).map { Copy(mirrored: copy, along: $0) } }

    @Test(arguments: copies) func aRescaledCopyIsRefused(_ copy: Copy) throws {
        var study = Self.sound
        study.images[.t1ce] = study.images[.t1].map(copy.change)
        let error = #expect(throws: ImagingError.self) { try study.checkCopies() }
        #expect(error?.code == .incompatibleSeries)
        #expect(error?.message.contains("T1 and T1CE hold the same image") == true)
    }

    @Test func differentSequencesAreNone() throws {
        try Self.sound.checkCopies()
    }

    /// Brains rotated with splines have equal ripples around them in every series.
    @Test func ripplesAroundTheBrainDoNotMakeACopy() throws {
        var study = Self.sound
        study.addRipples()
        try study.checkCopies()
    }

    /// 3 mm boxes of 1 mm voxels, with lengths that are not multiples of three.
    @Test func aMirroredImageHasTheMirroredMeans() {
        for lengths in [[20, 21, 22], [9, 8, 31]] {
            let grid = VoxelGrid(size: GridSize(lengths), affine: VoxelAffine(spacing: [1, 1, 1], origin: .origin))
            let image = Image(grid: grid, values: (0..<grid.size.count).map { Float($0 * 7919 % 1009) })
            for axis in 0..<3 {
                let means = image.boxMeans(spacing: 3)
                #expect(means.grid.spacing == [3, 3, 3])
                #expect(means.grid.centre.distance(to: grid.centre) < 1e-9)
                let theirs = image.mirrored(along: axis).boxMeans(spacing: 3)
                #expect(zip(theirs.values, means.mirrored(along: axis).values).allSatisfy { abs($0 - $1) < 0.01 })
            }
        }
    }

    /// Another series quantised to eight grey levels has less of its information, and still none of its own.
    @Test func aCopyOfAFewGreyLevelsIsRefused() throws {
        var study = Self.sound
        let image = try #require(study.images[.t1])
        let sorted = image.values.filter { $0 != 0 }.sorted()
        let steps = (1..<8).map { sorted[sorted.count * $0 / 8] }
        study.images[.t1ce] = Image(
            grid: image.grid,
            values: image.values.map { value in value == 0 ? 0 : Float(1 + steps.filter { $0 < value }.count) })
        let error = #expect(throws: ImagingError.self) { try study.checkCopies() }
        #expect(error?.code == .incompatibleSeries)
    }
}
