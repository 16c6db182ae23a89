extension NIfTIHeader {
    /// The grid in RAS millimetres: sform if its code is above zero and it is not all zeros, else qform; entries are
    /// rounded to 32-bit floats (as stored in NIfTI-1), so that files written on this grid have the same bits.
    ///
    /// - Throws: `ImagingError(.unsupportedImage)` if neither form defines the image's position in the patient.
    func grid(size: GridSize) throws -> VoxelGrid {
        guard hasSform || qformCode > 0 else {
            let reason = sformCode > 0 ? "its sform contains only zeros, and there is no qform" : "no sform, no qform"
            throw ImagingError(
                .unsupportedImage,
                "The header does not state the image's orientation in the patient (\(reason)), "
                    + "so left and right cannot be told apart.")
        }
        return VoxelGrid(size: size, affine: try hasSform ? affine(sform, of: "sform") : affine(qform, of: "qform"))
    }

    /// Some writers set the code and leave the rows zero.
    var hasSform: Bool { sformCode > 0 && (0..<12).contains { $0 % 4 != 3 && sform[$0] != 0 } }

    /// mm per unit of `xyzt_units`; unknown counts as mm, as in all readers.
    var millimetresPerUnit: Double {
        get throws {
            switch units & 0x07 {
            case 0, 2: 1
            case 1: 1000
            case 3: 0.001
            default: throw ImagingError(.invalidImage, "The header's unit of length is unknown.")
            }
        }
    }

    /// A form in millimetres, after checking that it spans the patient's space.
    func affine(_ rows: [Double], of form: String) throws -> VoxelAffine {
        guard rows.allSatisfy(\.isFinite) else {
            throw ImagingError(.invalidImage, "The header's \(form) contains values that are not numbers.")
        }
        let unit = try millimetresPerUnit
        let affine = VoxelAffine(rows: rows.map { $0 * unit }).roundedToFloat
        let lengths = (0..<3).map { affine.step(axis: $0).distance(to: .origin) }
        guard lengths.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw ImagingError(
                .invalidImage, "The header's \(form) is not usable: its spacing must be above zero along each axis.")
        }
        // 1 for right angles; below 0.1 two axes nearly coincide.
        guard abs(affine.determinant) / (lengths[0] * lengths[1] * lengths[2]) > 0.1 else {
            throw ImagingError(
                .invalidImage, "The header's \(form) is singular: its axes do not span the patient's space.")
        }
        return affine
    }

    /// Method 2 of the standard: a rotation from the quaternion, the spacing, and `qfac` for the third axis.
    var qform: [Double] {
        get throws {
            let spacing = Array(pixelDimensions[1...3])
            guard spacing.allSatisfy({ $0.isFinite && $0 > 0 }) else {
                throw ImagingError(.invalidImage, "The spacing between voxels must be above zero along each axis.")
            }
            let turn = Quaternion(imaginary: quaternion).rotation
            let handed = pixelDimensions[0] < 0 ? -1.0 : 1.0
            var rows: [Double] = []
            for row in 0..<3 {
                rows.append(turn[3 * row] * spacing[0])
                rows.append(turn[3 * row + 1] * spacing[1])
                rows.append(turn[3 * row + 2] * spacing[2] * handed)
                rows.append(offset[row])
            }
            return rows
        }
    }

    /// - Throws: if `pixdim` is not usable; the standard requires it even with an sform.
    func checkSpacing() throws {
        guard pixelDimensions[1...3].allSatisfy({ $0.isFinite && $0 != 0 }) else {
            throw ImagingError(.invalidImage, "The spacing between voxels must be above zero along each axis.")
        }
    }
}

/// A unit quaternion, as NIfTI-1 stores rotations: b, c, d given, a ≥ 0 from them.
struct Quaternion {
    let a: Double
    let b: Double
    let c: Double
    let d: Double

    init(imaginary: [Double]) {
        let square = imaginary.reduce(0) { $0 + $1 * $1 }
        // Rounding may push a half turn beyond length one (nifti1_io does the same).
        let shrink = square > 1 ? 1 / square.squareRoot() : 1
        a = square >= 1 - 1e-7 ? 0 : (1 - square).squareRoot()
        b = imaginary[0] * shrink
        c = imaginary[1] * shrink
        d = imaginary[2] * shrink
    }

    /// From a right-handed rotation, row-major (Shepperd's method: divides by the largest component).
    init(rotation r: [Double]) {
        let squares = [
            1 + r[0] + r[4] + r[8], 1 + r[0] - r[4] - r[8], 1 - r[0] + r[4] - r[8], 1 - r[0] - r[4] + r[8],
        ]
        let largest = (0..<4).max { squares[$0] < squares[$1] } ?? 0
        let root = 2 * max(squares[largest], 0).squareRoot()
        let (x, y, z) = ((r[7] - r[5]) / root, (r[2] - r[6]) / root, (r[3] - r[1]) / root)
        let (xy, xz, yz) = ((r[1] + r[3]) / root, (r[2] + r[6]) / root, (r[5] + r[7]) / root)
        let parts: [Double] =
            switch largest {
            case 0: [root / 4, x, y, z]
            case 1: [x, root / 4, xy, xz]
            case 2: [y, xy, root / 4, yz]
            default: [z, xz, yz, root / 4]
            }
        let sign = parts[0] < 0 ? -1.0 : 1.0
        a = sign * parts[0]
        b = sign * parts[1]
        c = sign * parts[2]
        d = sign * parts[3]
    }

    /// 3 × 3, row-major.
    var rotation: [Double] {
        [
            a * a + b * b - c * c - d * d, 2 * b * c - 2 * a * d, 2 * b * d + 2 * a * c,
            2 * b * c + 2 * a * d, a * a + c * c - b * b - d * d, 2 * c * d - 2 * a * b,
            2 * b * d - 2 * a * c, 2 * c * d + 2 * a * b, a * a + d * d - c * c - b * b,
        ]
    }
}
