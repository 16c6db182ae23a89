/// A point or direction in DICOM's patient space: millimetres, LPS (x to the patient's left, y posterior, z superior; PS3.3 §C.7.6.2).
package struct LPSVector: Equatable, Sendable {
    package let x: Double
    package let y: Double
    package let z: Double

    package init(x: Double, y: Double, z: Double) {
        self.x = x
        self.y = y
        self.z = z
    }

    /// - Returns: `nil` unless there are three numbers.
    init?(_ numbers: some Collection<Double>) {
        let all = Array(numbers)
        guard all.count == 3 else { return nil }
        self.init(x: all[0], y: all[1], z: all[2])
    }

    package var length: Double { dot(self).squareRoot() }

    package func dot(_ other: LPSVector) -> Double { x * other.x + y * other.y + z * other.z }

    package func cross(_ other: LPSVector) -> LPSVector {
        LPSVector(
            x: y * other.z - z * other.y, y: z * other.x - x * other.z, z: x * other.y - y * other.x)
    }

    package static func + (left: LPSVector, right: LPSVector) -> LPSVector {
        LPSVector(x: left.x + right.x, y: left.y + right.y, z: left.z + right.z)
    }

    package static func - (left: LPSVector, right: LPSVector) -> LPSVector { left + -1 * right }

    package static func * (factor: Double, vector: LPSVector) -> LPSVector {
        LPSVector(x: factor * vector.x, y: factor * vector.y, z: factor * vector.z)
    }
}

/// A series' voxels in LPS. `i` runs along a row (to the next column), `j` down a column, `k` from slice to slice.
package struct LPSGrid: Equatable, Sendable {
    package let columns: Int
    package let rows: Int
    package let slices: Int
    /// The centre of the first voxel.
    package let origin: LPSVector
    package let stepI: LPSVector
    package let stepJ: LPSVector
    package let stepK: LPSVector

    package init(
        columns: Int, rows: Int, slices: Int, origin: LPSVector, stepI: LPSVector, stepJ: LPSVector, stepK: LPSVector
    ) {
        self.columns = columns
        self.rows = rows
        self.slices = slices
        self.origin = origin
        self.stepI = stepI
        self.stepJ = stepJ
        self.stepK = stepK
    }

    package var voxelCount: Int { columns * rows * slices }

    /// Millimetres between voxels along i, j, k.
    package var spacing: [Double] { [stepI.length, stepJ.length, stepK.length] }
}
