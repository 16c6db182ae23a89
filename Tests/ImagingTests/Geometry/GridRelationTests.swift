import Imaging
import Testing

/// The limits at which two grids count as the same voxels, the same box, or apart.
struct GridRelationTests {
    private static let grid = VoxelGrid(
        size: GridSize(i: 100, j: 100, k: 50), affine: VoxelAffine(spacing: [1, 1, 2], origin: .origin))

    private static func moved(_ millimetres: Double, axis: Int = 0, of grid: VoxelGrid = grid) -> VoxelGrid {
        var rows = grid.affine.rows
        rows[4 * axis + 3] += millimetres
        return VoxelGrid(size: grid.size, affine: VoxelAffine(rows: rows))
    }

    private static func isSame(_ grid: VoxelGrid) -> Bool {
        guard case .sameVoxels(.identity) = GridRelation(grid, to: Self.grid) else { return false }
        return true
    }

    /// Rounding by writers stays below a tenth of a millimetre; a larger shift is a different position.
    @Test(arguments: 0..<3) func voxelsAreTheSameWithinATenthOfAMillimetre(_ axis: Int) {
        for shift in [0, 0.05, -0.099] { #expect(Self.isSame(Self.moved(shift, axis: axis)), "\(shift)") }
        for shift in [0.11, -0.15, 0.2] { #expect(!Self.isSame(Self.moved(shift, axis: axis)), "\(shift)") }
    }

    /// Boxes coincide within one voxel of the coarser grid, here 2 mm along the slices.
    @Test func boxesAreTheSameWithinAVoxel() {
        #expect(GridRelation(Self.moved(1.9), to: Self.grid) == .sameBox)
        guard case .apart(let gap) = GridRelation(Self.moved(2.1), to: Self.grid) else {
            Issue.record("2.1 mm passes as the same box")
            return
        }
        #expect(abs(gap - 2.1) < 1e-9)
        let coarse = Self.grid.resized(spacing: [4, 4, 4])
        for shift in [0, 3.9] {
            let other = Self.moved(shift, of: coarse)
            #expect(GridRelation(other, to: Self.grid) == .sameBox && GridRelation(Self.grid, to: other) == .sameBox)
        }
        #expect(GridRelation(Self.moved(4.1, of: coarse), to: Self.grid) != .sameBox)
    }

    /// Three quarters of the smaller box must be within the other one; 13 × 14 of 16 × 16 are 71 %.
    @Test func threeQuartersOfTheBoxAreEnough() {
        #expect(SeriesOverlay.warning([.t1ce: Self.grid, .flair: Self.moved(24)]) == nil)
        let warning = SeriesOverlay.warning([
            .t1ce: Self.grid, .flair: Self.moved(12, axis: 1, of: Self.moved(18)),
        ])
        #expect(warning?.hasPrefix("FLAIR and T1CE do not overlap enough") == true)
    }

    /// A slab within a head overlays it, whichever of the two is the reference.
    @Test func aSmallBoxWithinALargeOneOverlays() {
        let slab = Self.grid.cropped(lower: [0, 0, 20], size: GridSize(i: 100, j: 100, k: 10))
        #expect(SeriesOverlay.warning([.t1ce: Self.grid, .flair: slab]) == nil)
        #expect(SeriesOverlay.warning([.t1ce: slab, .flair: Self.grid]) == nil)
    }
}
