extension NIfTIHeader {
    /// Where the voxels of the single volume are in the file and how they are stored.
    struct Layout: Sendable {
        let size: GridSize
        let datatype: NIfTIDatatype
        /// The offset in bytes from the start of the file.
        let offset: Int
        let slope: Double
        let intercept: Double
        let isBigEndian: Bool

        var dataBytes: Int { size.count * datatype.bytes }
        var isScaled: Bool { slope != 1 || intercept != 0 }
    }

    /// - Throws: `ImagingError` if the header does not describe a single volume within `limits`.
    func layout(limits: NIfTILimits) throws -> Layout {
        let size = try volumeSize()
        let datatype = try NIfTIDatatype(code: datatypeCode)
        guard Int(bitsPerVoxel) == 8 * datatype.bytes else {
            throw ImagingError(.invalidImage, "The header's data type and its bits per voxel contradict each other.")
        }
        try limits.check(size)
        return Layout(
            size: size, datatype: datatype, offset: try checkedOffset(), slope: try scale(slope, otherwise: 1),
            intercept: slope == 0 || slope.isNaN ? 0 : try scale(intercept, otherwise: 0), isBigEndian: isBigEndian)
    }

    private func volumeSize() throws -> GridSize {
        guard (1...7).contains(dimensions[0]) else {
            throw ImagingError(.invalidImage, "The header names \(dimensions[0]) dimensions; NIfTI allows 1 to 7.")
        }
        let lengths = dimensions[1...Int(dimensions[0])]
        guard lengths.allSatisfy({ $0 > 0 }) else {
            throw ImagingError(.invalidImage, "The header contains a dimension without voxels.")
        }
        guard lengths.count >= 3 else {
            throw ImagingError(.unsupportedImage, "The image has \(lengths.count) dimensions; a volume has three.")
        }
        guard lengths.dropFirst(3).allSatisfy({ $0 == 1 }) else {
            throw ImagingError(
                .unsupportedImage,
                "The file contains several volumes (a time or direction series). Upload a single volume.")
        }
        let volume = lengths.prefix(3).map { $0 }
        // Masks are returned as NIfTI-1, whose lengths are 16-bit numbers; scanner images are far smaller.
        guard volume.allSatisfy({ $0 <= Int64(Int16.max) }) else {
            throw ImagingError(.unsupportedImage, "The header contains a dimension of more than 32767 voxels.")
        }
        return GridSize(volume.map(Int.init))
    }

    private func checkedOffset() throws -> Int {
        let least = version.length + 4
        if dataOffset == 0 { return least }
        // 16 MiB of header extensions is far more than any writer adds.
        guard dataOffset >= Double(least), dataOffset <= Double(least + (16 << 20)) else {
            throw ImagingError(.invalidImage, "The header's voxel offset is invalid.")
        }
        return Int(dataOffset)
    }

    /// Zero and NaN mean that the writer set no scaling.
    private func scale(_ value: Double, otherwise: Double) throws -> Double {
        if value.isNaN || (value == 0 && otherwise == 1) { return otherwise }
        guard value.isFinite else { throw ImagingError(.invalidImage, "The header's intensity scaling is not finite.") }
        return value
    }
}
