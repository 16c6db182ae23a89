/// The number of voxels along each axis; `i` is the fastest axis in memory, `k` the slowest.
package struct GridSize: Equatable, Hashable, Sendable, Codable {
    package var i: Int
    package var j: Int
    package var k: Int

    package init(i: Int, j: Int, k: Int) {
        self.i = i
        self.j = j
        self.k = k
    }

    package var count: Int { i * j * k }
}

/// The map from voxel indices `(i, j, k)` to patient space in RAS millimetres, as in NIfTI-1's srow: a 3 × 4 matrix, row-major.
package struct VoxelAffine: Equatable, Sendable, Codable {
    /// Twelve numbers: `[xi, xj, xk, x0, yi, yj, yk, y0, zi, zj, zk, z0]`.
    package var rows: [Double]

    package init(rows: [Double]) {
        precondition(rows.count == 12, "an affine has 3 × 4 entries")
        self.rows = rows
    }

    package func point(i: Double, j: Double, k: Double) -> PatientPoint {
        PatientPoint(
            x: rows[0] * i + rows[1] * j + rows[2] * k + rows[3],
            y: rows[4] * i + rows[5] * j + rows[6] * k + rows[7],
            z: rows[8] * i + rows[9] * j + rows[10] * k + rows[11])
    }

    /// The direction and length in millimetres of one step along axis 0 (i), 1 (j) or 2 (k).
    package func step(axis: Int) -> PatientPoint {
        PatientPoint(x: rows[axis], y: rows[4 + axis], z: rows[8 + axis])
    }

    /// The determinant of the 3 × 3 part in mm³; negative if the axes are left-handed.
    package var determinant: Double {
        rows[0] * (rows[5] * rows[10] - rows[6] * rows[9])
            - rows[1] * (rows[4] * rows[10] - rows[6] * rows[8])
            + rows[2] * (rows[4] * rows[9] - rows[5] * rows[8])
    }
}

/// The position of an image's voxels in the patient.
package struct VoxelGrid: Equatable, Sendable, Codable {
    package var size: GridSize
    package var affine: VoxelAffine

    package init(size: GridSize, affine: VoxelAffine) {
        self.size = size
        self.affine = affine
    }

    /// Millimetres between neighbouring voxels along i, j, k.
    package var spacing: [Double] {
        (0..<3).map { affine.step(axis: $0).distance(to: PatientPoint(x: 0, y: 0, z: 0)) }
    }

    /// The volume of one voxel in mm³, from the determinant, so that it also holds for sheared grids.
    package var voxelVolume: Double { abs(affine.determinant) }
}
