import Foundation

/// A position between voxels: the index along i, j, k; whole numbers are voxel centres.
package struct ContinuousIndex: Equatable, Sendable {
    package let i: Double
    package let j: Double
    package let k: Double

    package init(i: Double, j: Double, k: Double) {
        self.i = i
        self.j = j
        self.k = k
    }
}

extension VoxelAffine {
    package static let identity = VoxelAffine(rows: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0])

    /// Axes along RAS with `spacing` mm, the first voxel's centre at `origin`.
    package init(spacing: [Double], origin: PatientPoint) {
        self.init(rows: [spacing[0], 0, 0, origin.x, 0, spacing[1], 0, origin.y, 0, 0, spacing[2], origin.z])
    }

    /// The map from patient space to indices, as an affine of the same form; the affine must not be singular.
    package var inverse: VoxelAffine {
        let m = rows
        let d = 1 / determinant
        let a = [
            d * (m[5] * m[10] - m[6] * m[9]), d * (m[2] * m[9] - m[1] * m[10]), d * (m[1] * m[6] - m[2] * m[5]),
            d * (m[6] * m[8] - m[4] * m[10]), d * (m[0] * m[10] - m[2] * m[8]), d * (m[2] * m[4] - m[0] * m[6]),
            d * (m[4] * m[9] - m[5] * m[8]), d * (m[1] * m[8] - m[0] * m[9]), d * (m[0] * m[5] - m[1] * m[4]),
        ]
        var rows: [Double] = []
        for row in 0..<3 {
            let x = a[3 * row]
            let y = a[3 * row + 1]
            let z = a[3 * row + 2]
            let shift: Double = x * m[3] + y * m[7] + z * m[11]
            rows += [x, y, z, -shift]
        }
        return VoxelAffine(rows: rows)
    }

    /// This map applied after `inner`.
    package func composed(with inner: VoxelAffine) -> VoxelAffine {
        var product: [Double] = []
        for row in 0..<3 {
            for column in 0..<4 {
                var entry: Double = column == 3 ? rows[4 * row + 3] : 0
                for step in 0..<3 { entry += rows[4 * row + step] * inner.rows[4 * step + column] }
                product.append(entry)
            }
        }
        return VoxelAffine(rows: product)
    }

    /// Maps `point`, treating the affine as a map between patient spaces.
    package func map(_ point: PatientPoint) -> PatientPoint {
        self.point(i: point.x, j: point.y, k: point.z)
    }

    /// A rotation by `angle` radians about a patient axis (0 x, 1 y, 2 z), as a map between patient spaces. Positive
    /// angles turn clockwise for a viewer towards whom the axis points.
    package static func rotation(_ angle: Double, about axis: Int) -> VoxelAffine {
        let (c, s) = (cos(angle), sin(angle))
        let (next, last) = ((axis + 1) % 3, (axis + 2) % 3)
        var rows = identity.rows
        rows[4 * next + next] = c
        rows[4 * next + last] = s
        rows[4 * last + next] = -s
        rows[4 * last + last] = c
        return VoxelAffine(rows: rows)
    }

    /// This map followed by a shift of `shift` mm.
    package func moved(by shift: PatientPoint) -> VoxelAffine {
        var rows = rows
        for row in 0..<3 { rows[4 * row + 3] += shift.components[row] }
        return VoxelAffine(rows: rows)
    }

    /// Radians, 0...π: how far a rigid map turns.
    package var rotationAngle: Double {
        acos(min(max((rows[0] + rows[5] + rows[10] - 1) / 2, -1), 1))
    }

    /// Each entry rounded to the nearest 32-bit float, the precision of NIfTI-1: such an affine is stored without loss.
    package var roundedToFloat: VoxelAffine {
        VoxelAffine(rows: rows.map { Double(Float($0)) })
    }

    /// The direction cosines' largest deviation from right angles, 0 for a box.
    package var shear: Double {
        let axes = (0..<3).map { step(axis: $0).normalised }
        return max(abs(axes[0].dot(axes[1])), abs(axes[0].dot(axes[2])), abs(axes[1].dot(axes[2])))
    }
}
