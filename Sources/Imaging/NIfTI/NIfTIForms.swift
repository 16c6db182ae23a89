import Foundation

/// How a header describes its image's position. Files written on the same grid use the same description, so that they
/// open wherever the image opens, with equal origin, spacing and direction.
package struct NIfTIForms: Equatable, Sendable {
    let qformCode: Int16
    let sformCode: Int16
    /// qfac, then mm along i, j, k.
    let pixelDimensions: [Float]
    let quaternion: [Float]
    /// mm.
    let offset: [Float]
    /// mm, 3 × 4, row-major.
    let sform: [Float]

    /// Unused forms are dropped: an sform without content, whose code would mislead readers, and one without a code,
    /// whose numbers may be text.
    init(_ header: NIfTIHeader) throws {
        let unit = try header.millimetresPerUnit
        qformCode = Int16(clamping: max(header.qformCode, 0))
        sformCode = header.hasSform ? Int16(clamping: header.sformCode) : 0
        pixelDimensions =
            [Float(header.pixelDimensions[0])] + header.pixelDimensions[1...3].map { Float($0 * unit) }
        let hasQform = qformCode > 0
        quaternion = header.quaternion.map { hasQform ? Float($0) : 0 }
        offset = header.offset.map { hasQform ? Float($0 * unit) : 0 }
        let hasSform = sformCode > 0
        sform = header.sform.map { hasSform ? Float($0 * unit) : 0 }
    }

    /// Scanner coordinates: sform with the grid's affine, and qform if a rotation can express it.
    init(_ grid: VoxelGrid) {
        let affine = grid.affine
        let handed: Double = affine.determinant < 0 ? -1 : 1
        sformCode = 1
        pixelDimensions = [Float(handed)] + grid.spacing.map(Float.init)
        sform = affine.rows.map(Float.init)
        // A sheared grid is not a rotation; a qform that contradicts the sform would mislead readers that prefer it.
        guard affine.shear < 1e-4 else {
            qformCode = 0
            quaternion = [0, 0, 0]
            offset = [0, 0, 0]
            return
        }
        let cosines = (0..<3).map { axis in
            ((axis == 2 ? handed : 1) * affine.step(axis: axis).normalised).components
        }
        let turn = Quaternion(rotation: (0..<9).map { cosines[$0 % 3][$0 / 3] })
        qformCode = 1
        quaternion = [turn.b, turn.c, turn.d].map(Float.init)
        offset = (0..<3).map { Float(affine.rows[4 * $0 + 3]) }
    }
}

extension NIfTIFile {
    /// The description of an image's position in a file's header.
    package static func forms(of url: URL, limits: NIfTILimits = .labels) throws -> NIfTIForms {
        try NIfTIReader(url, limits: limits).forms
    }
}
