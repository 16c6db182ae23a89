import Foundation

/// The summary of a whole file.
package struct NIfTISummary: Equatable, Sendable {
    package let grid: VoxelGrid
    /// The standard's name for the storage type, for example `int16`.
    package let datatype: String
    package let minimum: Float
    package let maximum: Float
    /// The share of non-zero voxels (0...1).
    package let nonZeroShare: Double
    /// SHA-256 of geometry and values, equal for the same image regardless of storage type and compression.
    package let contentDigest: String
    /// Also equal for mirrored or rotated copies.
    package let valuesDigest: String
    /// Whether the file is gzip, regardless of its name.
    package let isCompressed: Bool

    /// Voxels along i, j, k.
    package var dimensions: [Int] { grid.size.lengths }
    /// mm along i, j, k.
    package var spacing: [Double] { grid.spacing }
}

/// NIfTI-1 and NIfTI-2 files, plain or gzip: one three-dimensional volume each. Every error is an `ImagingError` with
/// one sentence.
package enum NIfTIFile {
    /// Checks header and data in constant memory.
    ///
    /// - Throws: `ImagingError(.invalidImage)` if the bytes are damaged, `.unsupportedImage` if the image is not
    ///   supported.
    package static func inspect(_ url: URL, limits: NIfTILimits = .head) throws -> NIfTISummary {
        let reader = try NIfTIReader(url, limits: limits)
        var digest = VoxelDigest(grid: reader.grid)
        var variety = ValueVariety(rowLength: reader.grid.size.i)
        try reader.forEachPiece {
            digest.add(UnsafeBufferPointer($0))
            variety.add(UnsafeBufferPointer($0))
        }
        try check(digest, variety, limits)
        return NIfTISummary(
            grid: reader.grid, datatype: "\(reader.layout.datatype)", minimum: digest.minimum, maximum: digest.maximum,
            nonZeroShare: Double(digest.nonZeroCount) / Double(digest.count), contentDigest: digest.contentDigest,
            valuesDigest: digest.valuesDigest, isCompressed: reader.isCompressed)
    }

    /// Reads intensities with the header's scaling applied.
    package static func readImage(_ url: URL, limits: NIfTILimits = .head) throws -> Image {
        let reader = try NIfTIReader(url, limits: limits)
        let total = reader.grid.size.count
        var digest = VoxelDigest(grid: reader.grid)
        var variety = ValueVariety(rowLength: reader.grid.size.i)
        let values = try [Float](unsafeUninitializedCapacity: total) { output, filled in
            var position = 0
            try reader.forEachPiece { piece in
                _ = UnsafeMutableBufferPointer(rebasing: output[position..<position + piece.count])
                    .initialize(from: piece)
                position += piece.count
                digest.add(UnsafeBufferPointer(piece))
                if limits.needsContrast { variety.add(UnsafeBufferPointer(piece)) }
            }
            filled = position
        }
        try check(digest, variety, limits)
        return Image(grid: reader.grid, values: values)
    }

    /// Reads whole numbers 0...255; rounding errors of scaled types are allowed.
    package static func readLabels(_ url: URL, limits: NIfTILimits = .labels) throws -> LabelMap {
        let image = try readImage(url, limits: limits)
        var isWhole = true
        let labels = [UInt8](unsafeUninitializedCapacity: image.values.count) { output, filled in
            image.values.withUnsafeBufferPointer { values in
                for index in 0..<values.count {
                    let label = label(of: values[index])
                    if label == nil { isWhole = false }
                    output.initializeElement(at: index, to: label ?? 0)
                }
            }
            filled = image.values.count
        }
        guard isWhole else { throw noLabels }
        return LabelMap(grid: image.grid, values: labels)
    }

    /// - Throws: `ImagingError` if the values are not those of an image.
    static func check(_ digest: VoxelDigest, _ variety: ValueVariety, _ limits: NIfTILimits) throws {
        guard digest.isFinite, !digest.minimum.isNaN, digest.minimum <= digest.maximum else {
            throw ImagingError(.invalidImage, "The image contains non-finite values.")
        }
        guard limits.needsContrast else { return }
        guard digest.nonZeroCount > 0 else {
            throw ImagingError(.unsupportedImage, "All voxels of the image are zero.")
        }
        guard digest.minimum < digest.maximum else {
            throw ImagingError(.unsupportedImage, "All voxels of the image have the same value.")
        }
        guard !variety.isLabelMap else {
            throw ImagingError(
                .unsupportedImage,
                "The file contains a mask or label map (\(variety.count) different values), not an MR image.")
        }
    }
}
