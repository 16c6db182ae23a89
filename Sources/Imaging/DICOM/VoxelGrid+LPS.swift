import Dicom

extension VoxelGrid {
    /// The same voxels in RAS: the first two axes of DICOM's LPS are reversed.
    package init(_ grid: LPSGrid) {
        let vectors = [grid.stepI, grid.stepJ, grid.stepK, grid.origin]
        self.init(
            size: GridSize(i: grid.columns, j: grid.rows, k: grid.slices),
            affine: VoxelAffine(rows: vectors.map { -$0.x } + vectors.map { -$0.y } + vectors.map(\.z)))
    }
}
