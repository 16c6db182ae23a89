import Foundation

extension NIfTIFile {
    /// Writes NIfTI-1, gzip, little-endian, 32-bit floats; equal images give equal bytes.
    package static func write(_ image: Image, to url: URL) throws {
        try write([image], .float32, intent: "", to: url, level: 6)
    }

    /// Writes NIfTI-1, gzip, 8-bit integers; equal label maps give equal bytes.
    package static func write(_ labels: LabelMap, to url: URL) throws {
        try write([labels], .uint8, intent: "", to: url, level: 6)
    }

    /// Writes the maps of WT, TC and ET, in this order, as the volumes of one 4-D file of 32-bit floats, rounded down to
    /// multiples of 1/1024: a map compared with 0.5 gives the very mask, and the file is several times smaller.
    ///
    /// - Throws: `ImagingError(.internalFault)` where a region is missing.
    package static func write(probabilities: [TumourRegion: Image], to url: URL) throws {
        let volumes = try TumourRegion.allCases.compactMap { probabilities[$0] }.concurrentMap { map in
            Image(grid: map.grid, values: map.values.map { ($0 * 1024).rounded(.down) / 1024 })
        }
        guard volumes.count == TumourRegion.allCases.count else {
            throw ImagingError(.internalFault, "A probability map of a region is missing.")
        }
        try write(
            volumes, .float32, intent: TumourRegion.allCases.map(\.abbreviation).joined(separator: ","), to: url,
            level: 1)
    }

    private static func write<Element>(
        _ volumes: [Volume<Element>], _ datatype: NIfTIDatatype, intent: String, to url: URL, level: Int32
    ) throws {
        guard let grid = volumes.first?.grid else { return }
        let writer = try GzipWriter(url, level: level)
        try writer.write(HeaderWriter(grid: grid, volumes: volumes.count, datatype: datatype, intent: intent).bytes)
        for volume in volumes {
            try volume.values.withUnsafeBytes { try writer.write($0) }
        }
        try writer.finish()
    }
}

/// A NIfTI-1 header, little-endian: sform with the grid's affine, and qform wherever a rotation can express it.
struct HeaderWriter {
    let bytes: [UInt8]

    init(grid: VoxelGrid, volumes: Int, datatype: NIfTIDatatype, intent: String) {
        var header = Fields()
        header.put(Int32(348), at: 0)
        let dimensions = [volumes > 1 ? 4 : 3] + grid.size.lengths + [volumes, 1, 1, 1]
        for (index, length) in dimensions.enumerated() { header.put(Int16(clamping: length), at: 40 + 2 * index) }
        header.put(datatype.rawValue, at: 70)
        header.put(Int16(8 * datatype.bytes), at: 72)
        header.put(Float(352), at: 108)
        header.put(Float(1), at: 112)
        header.put(UInt8(2), at: 123)  // millimetres
        for (index, letter) in intent.utf8.prefix(15).enumerated() { header.put(letter, at: 328 + index) }
        header.putForms(grid)
        for (index, letter) in [UInt8(ascii: "n"), UInt8(ascii: "+"), UInt8(ascii: "1")].enumerated() {
            header.put(letter, at: 344 + index)
        }
        bytes = header.bytes
    }

    private struct Fields {
        /// The header and four bytes that say "no extensions".
        var bytes = [UInt8](repeating: 0, count: 352)

        mutating func put<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
            withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
        }

        mutating func put(_ value: Float, at offset: Int) {
            put(value.bitPattern, at: offset)
        }

        mutating func putForms(_ grid: VoxelGrid) {
            let affine = grid.affine
            let handed: Double = affine.determinant < 0 ? -1 : 1
            put(Float(handed), at: 76)
            for (axis, spacing) in grid.spacing.enumerated() { put(Float(spacing), at: 80 + 4 * axis) }
            put(Float(1), at: 92)
            put(Int16(1), at: 254)  // scanner coordinates
            for (index, entry) in affine.rows.enumerated() { put(Float(entry), at: 280 + 4 * index) }
            // A sheared grid is no rotation; a qform that contradicts the sform would mislead readers that prefer it.
            guard affine.shear < 1e-4 else { return }
            put(Int16(1), at: 252)
            let cosines = (0..<3).map { axis in
                ((axis == 2 ? handed : 1) * affine.step(axis: axis).normalised).components
            }
            let turn = Quaternion(rotation: (0..<9).map { cosines[$0 % 3][$0 / 3] })
            for (index, part) in [turn.b, turn.c, turn.d].enumerated() { put(Float(part), at: 256 + 4 * index) }
            for row in 0..<3 { put(Float(affine.rows[4 * row + 3]), at: 268 + 4 * row) }
        }
    }
}
