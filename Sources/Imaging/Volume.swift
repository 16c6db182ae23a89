/// A three-dimensional image with its position in the patient.
///
/// `values` are stored with i as the fastest axis: `voxel[k, j, i]` is `values[(k * size.j + j) * size.i + i]`.
package struct Volume<Element: Sendable>: Sendable {
    package let grid: VoxelGrid
    package var values: [Element]

    package init(grid: VoxelGrid, values: [Element]) {
        precondition(values.count == grid.size.count, "a volume has one value for each voxel of its grid")
        self.grid = grid
        self.values = values
    }

    package init(grid: VoxelGrid, filledWith value: Element) {
        self.init(grid: grid, values: Array(repeating: value, count: grid.size.count))
    }

    package subscript(k: Int, j: Int, i: Int) -> Element {
        get { values[(k * grid.size.j + j) * grid.size.i + i] }
        set { values[(k * grid.size.j + j) * grid.size.i + i] = newValue }
    }
}

/// Image intensities.
package typealias Image = Volume<Float>
/// A binary mask (0 or 1) or a label map.
package typealias LabelMap = Volume<UInt8>

extension Volume where Element == UInt8 {
    /// The number of non-zero voxels.
    package var setVoxelCount: Int { values.reduce(into: 0) { $0 += $1 == 0 ? 0 : 1 } }
}
