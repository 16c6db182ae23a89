import Foundation

extension NIfTIFile {
    /// Writes NIfTI-1, gzip, little-endian, 32-bit floats; equal images give equal bytes.
    package static func write(_ image: Image, to url: URL) throws {
        try write([image], Content(datatype: .float32), to: url)
    }

    /// Writes NIfTI-1, gzip, 8-bit integers; equal label maps give equal bytes.
    ///
    /// - Parameter forms: of the image whose grid the labels use; `nil` derives them from the grid.
    package static func write(_ labels: LabelMap, forms: NIfTIForms? = nil, to url: URL) throws {
        try write([labels], Content(datatype: .uint8, forms: forms), to: url)
    }

    /// Writes the maps of WT, TC and ET, in this order, as the volumes of one 4-D file of 32-bit floats, rounded down
    /// to multiples of 1/1024: thresholding a map at 0.5 gives exactly the mask, and the file is several times smaller.
    ///
    /// - Parameter forms: of the image whose grid the maps use; `nil` derives them from the grid.
    /// - Throws: `ImagingError(.internalFault)` if a region is missing.
    package static func write(
        probabilities: [TumourRegion: Image], forms: NIfTIForms? = nil, to url: URL
    ) throws {
        let volumes = try TumourRegion.allCases.compactMap { probabilities[$0] }.concurrentMap { map in
            Image(grid: map.grid, values: map.values.map { ($0 * 1024).rounded(.down) / 1024 })
        }
        guard volumes.count == TumourRegion.allCases.count else {
            throw ImagingError(.internalFault, "A probability map of a region is missing.")
        }
        let names = TumourRegion.allCases.map(\.abbreviation).joined(separator: ",")
        try write(volumes, Content(datatype: .float32, intent: names, forms: forms, level: 1), to: url)
    }

    /// A file's content besides its voxels, and its compression level.
    struct Content {
        let datatype: NIfTIDatatype
        var intent = ""
        var forms: NIfTIForms?
        var level: Int32 = 6
    }

    private static func write<Element>(_ volumes: [Volume<Element>], _ content: Content, to url: URL) throws {
        guard let grid = volumes.first?.grid else { return }
        let writer = try GzipWriter(url, level: content.level)
        try writer.write(HeaderWriter(grid: grid, volumes: volumes.count, content).bytes)
        for volume in volumes {
            try volume.values.withUnsafeBytes { try writer.write($0) }
        }
        try writer.finish()
    }
}

/// A NIfTI-1 header, little-endian, with the forms of `content` or, if `nil`, of the grid.
struct HeaderWriter {
    let bytes: [UInt8]

    init(grid: VoxelGrid, volumes: Int, _ content: NIfTIFile.Content) {
        var header = Fields()
        header.put(Int32(348), at: 0)
        let dimensions = [volumes > 1 ? 4 : 3] + grid.size.lengths + [volumes, 1, 1, 1]
        for (index, length) in dimensions.enumerated() { header.put(Int16(clamping: length), at: 40 + 2 * index) }
        header.put(content.datatype.rawValue, at: 70)
        header.put(Int16(8 * content.datatype.bytes), at: 72)
        header.put(Float(352), at: 108)
        header.put(Float(1), at: 112)
        header.put(UInt8(2), at: 123)  // millimetres
        for (index, letter) in content.intent.utf8.prefix(15).enumerated() { header.put(letter, at: 328 + index) }
        header.put(content.forms ?? NIfTIForms(grid))
        for (index, letter) in [UInt8(ascii: "n"), UInt8(ascii: "+"), UInt8(ascii: "1")].enumerated() {
            header.put(letter, at: 344 + index)
        }
        bytes = header.bytes
    }

    private struct Fields {
        /// The header and four bytes for "no extensions".
        var bytes = [UInt8](repeating: 0, count: 352)

        mutating func put<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
            withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
        }

        mutating func put(_ value: Float, at offset: Int) {
            put(value.bitPattern, at: offset)
        }

        mutating func put(_ forms: NIfTIForms) {
            for (index, length) in forms.pixelDimensions.enumerated() { put(length, at: 76 + 4 * index) }
            put(Float(1), at: 92)
            put(forms.qformCode, at: 252)
            put(forms.sformCode, at: 254)
            for (index, part) in forms.quaternion.enumerated() { put(part, at: 256 + 4 * index) }
            for (index, part) in forms.offset.enumerated() { put(part, at: 268 + 4 * index) }
            for (index, entry) in forms.sform.enumerated() { put(entry, at: 280 + 4 * index) }
        }
    }
}
