import CITK

/// The connected components of a mask, numbered from 1 by descending size.
package struct Components: Sendable {
    package let grid: VoxelGrid
    /// The component of each voxel, 0 for none.
    package let labels: [UInt32]
    package let count: Int

    /// - Parameters:
    ///   - touchesDiagonally: 26 neighbours rather than 6.
    ///   - minimumVoxels: smaller components are dropped.
    package init(of mask: LabelMap, touchesDiagonally: Bool, minimumVoxels: Int = 1) throws {
        var labels = [UInt32](repeating: 0, count: mask.values.count)
        var count: UInt32 = 0
        try ITKBorder.run("finding connected components") { error in
            citk_components(
                ITKBorder.size(mask.grid.size), mask.values, touchesDiagonally, Int64(minimumVoxels), &labels, &count,
                error)
        }
        grid = mask.grid
        self.labels = labels
        self.count = Int(count)
    }

    /// One component as a mask.
    package func mask(_ number: Int) -> LabelMap {
        LabelMap(grid: grid, values: labels.map { $0 == UInt32(number) ? 1 : 0 })
    }
}

extension Volume where Element == UInt8 {
    /// The mask's largest 6-connected component.
    package func largestComponent() throws -> LabelMap {
        try Components(of: self, touchesDiagonally: false).mask(1)
    }
}
