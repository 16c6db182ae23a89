extension GridSize {
    /// The number of voxels along axis 0 (i), 1 (j) or 2 (k).
    package subscript(axis: Int) -> Int {
        switch axis {
        case 0: i
        case 1: j
        default: k
        }
    }

    package init(_ lengths: [Int]) {
        self.init(i: lengths[0], j: lengths[1], k: lengths[2])
    }

    package var lengths: [Int] { [i, j, k] }
}

extension VoxelGrid {
    package var orientation: Orientation { Orientation(of: affine) }

    /// The index of `point`, which may be outside the grid.
    package func index(of point: PatientPoint) -> ContinuousIndex {
        let place = affine.inverse.map(point)
        return ContinuousIndex(i: place.x, j: place.y, k: place.z)
    }

    /// The centre of the grid's box.
    package var centre: PatientPoint {
        affine.point(i: Double(size.i - 1) / 2, j: Double(size.j - 1) / 2, k: Double(size.k - 1) / 2)
    }

    /// The eight corners of the box that the voxels fill: half a voxel beyond the outer voxels' centres.
    package var corners: [PatientPoint] {
        [-0.5, Double(size.k) - 0.5].flatMap { k in
            [-0.5, Double(size.j) - 0.5].flatMap { j in
                [-0.5, Double(size.i) - 0.5].map { i in affine.point(i: i, j: j, k: k) }
            }
        }
    }

    /// The grid of `size` voxels starting at `lower`; it may extend beyond this grid.
    package func cropped(lower: [Int], size: GridSize) -> VoxelGrid {
        VoxelGrid(size: size, affine: affine.shifted(by: lower.map(Double.init)))
    }

    /// The same axes and box with a voxel size of `spacing` mm along i, j, k; the box grows to whole voxels at its far
    /// ends.
    package func resized(spacing wanted: [Double]) -> VoxelGrid {
        let factors = (0..<3).map { wanted[$0] / spacing[$0] }
        let lengths = (0..<3).map { axis -> Int in
            let exact: Double = Double(size[axis]) / factors[axis]
            return max(1, Int((exact - 1e-6).rounded(.up)))
        }
        // Keeps the first voxel's outer edge in place.
        let corner = affine.shifted(by: factors.map { ($0 - 1) / 2 })
        let rows = (0..<12).map { entry -> Double in
            entry % 4 == 3 ? corner.rows[entry] : affine.rows[entry] * factors[entry % 4]
        }
        return VoxelGrid(size: GridSize(lengths), affine: VoxelAffine(rows: rows))
    }

    package func rearranged(_ change: AxisRearrangement) -> VoxelGrid {
        var rows = affine.rows
        for target in 0..<3 {
            let source = change.sources[target]
            for row in 0..<3 {
                rows[4 * row + target] = (change.isFlipped[target] ? -1 : 1) * affine.rows[4 * row + source]
            }
        }
        let first = (0..<3).map { source -> Double in
            let target = change.sources.firstIndex(of: source) ?? source
            return change.isFlipped[target] ? Double(size[source] - 1) : 0
        }
        let origin = affine.point(i: first[0], j: first[1], k: first[2])
        (rows[3], rows[7], rows[11]) = (origin.x, origin.y, origin.z)
        return VoxelGrid(size: GridSize(change.sources.map { size[$0] }), affine: VoxelAffine(rows: rows))
    }
}

extension VoxelAffine {
    /// The affine whose index 0 is this one's index `offset`.
    fileprivate func shifted(by offset: [Double]) -> VoxelAffine {
        let origin = point(i: offset[0], j: offset[1], k: offset[2])
        var rows = rows
        (rows[3], rows[7], rows[11]) = (origin.x, origin.y, origin.z)
        return VoxelAffine(rows: rows)
    }
}
