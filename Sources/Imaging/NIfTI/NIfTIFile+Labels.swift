import Foundation

/// The summary of a label map.
package struct LabelSummary: Equatable, Sendable {
    package let grid: VoxelGrid
    package let labels: Set<UInt8>
}

extension NIfTIFile {
    /// Inspects a label map in constant memory.
    ///
    /// - Throws: `ImagingError` if the file is damaged or contains anything but labels.
    package static func inspectLabels(_ url: URL, limits: NIfTILimits = .labels) throws -> LabelSummary {
        let reader = try NIfTIReader(url, limits: limits)
        var seen = [Bool](repeating: false, count: 256)
        var isWhole = true
        try reader.forEachPiece { piece in
            seen.withUnsafeMutableBufferPointer { seen in
                for value in piece {
                    guard let label = label(of: value) else {
                        isWhole = false
                        continue
                    }
                    seen[Int(label)] = true
                }
            }
        }
        guard isWhole else { throw noLabels }
        return LabelSummary(grid: reader.grid, labels: Set(seen.indices.filter { seen[$0] }.map { UInt8($0) }))
    }

    /// How far a stored label may be from a whole number: scaled integer types do not reach it exactly.
    private static let labelTolerance: Float = 0.05

    static let noLabels = ImagingError(
        .invalidImage, "A label map must contain only whole numbers from 0 to 255 (tolerance 0.05).")

    /// The whole number 0...255 that a value represents; `nil` for anything else.
    static func label(of value: Float) -> UInt8? {
        let nearest = value.rounded()
        guard abs(value - nearest) <= labelTolerance else { return nil }
        return UInt8(exactly: nearest)
    }

    /// The grid of a file's voxels, read from its header alone.
    package static func grid(of url: URL, limits: NIfTILimits = .labels) throws -> VoxelGrid {
        try NIfTIReader(url, limits: limits).grid
    }

    /// Whether a file is gzip, regardless of its name.
    package static func isCompressed(_ url: URL) throws -> Bool { try ByteStream(url).isCompressed }
}
