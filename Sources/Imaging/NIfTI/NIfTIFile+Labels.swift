import Foundation

/// What a look through a label map found.
package struct LabelSummary: Equatable, Sendable {
    package let grid: VoxelGrid
    package let labels: Set<UInt8>
}

extension NIfTIFile {
    /// Looks through a label map in constant memory.
    ///
    /// - Throws: `ImagingError` where the file is damaged or holds anything but whole numbers from 0 to 255.
    package static func inspectLabels(_ url: URL, limits: NIfTILimits = .labels) throws -> LabelSummary {
        let reader = try NIfTIReader(url, limits: limits)
        var seen = [Bool](repeating: false, count: 256)
        var isWhole = true
        try reader.forEachPiece { piece in
            seen.withUnsafeMutableBufferPointer { seen in
                for value in piece {
                    guard value >= 0, value <= 255, let label = UInt8(exactly: value) else {
                        isWhole = false
                        continue
                    }
                    seen[Int(label)] = true
                }
            }
        }
        guard isWhole else {
            throw ImagingError(.invalidImage, "A label map holds whole numbers from 0 to 255 only.")
        }
        return LabelSummary(grid: reader.grid, labels: Set(seen.indices.filter { seen[$0] }.map { UInt8($0) }))
    }

    /// Where a file's voxels lie, from its header alone.
    package static func grid(of url: URL, limits: NIfTILimits = .labels) throws -> VoxelGrid {
        try NIfTIReader(url, limits: limits).grid
    }
}
