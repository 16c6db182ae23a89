/// What a file may be to count as an image of a head.
package struct NIfTILimits: Sendable {
    /// Bytes of voxel data that are decompressed at most.
    package var maximumDataBytes: Int
    /// mm from edge to edge along each axis.
    package var extent: ClosedRange<Double>
    /// Voxels along each axis at least.
    package var minimumVoxels: Int
    /// Whether an image of one single value or a label map is refused.
    package var needsContrast: Bool
    /// Whether a header whose sform, qform and pixdim contradict each other is refused.
    package var needsAgreement: Bool

    package init(
        maximumDataBytes: Int, extent: ClosedRange<Double>, minimumVoxels: Int, needsContrast: Bool,
        needsAgreement: Bool = true
    ) {
        self.maximumDataBytes = maximumDataBytes
        self.extent = extent
        self.minimumVoxels = minimumVoxels
        self.needsContrast = needsContrast
        self.needsAgreement = needsAgreement
    }

    /// A series of a head: 40 to 500 mm and at least 8 voxels along each axis, 512 MiB.
    package static let head = NIfTILimits(
        maximumDataBytes: 512 << 20, extent: 40...500, minimumVoxels: 8, needsContrast: true)
    /// A mask or label map of a head, which may be empty.
    package static let labels = NIfTILimits(
        maximumDataBytes: 512 << 20, extent: 40...500, minimumVoxels: 8, needsContrast: false)
    /// Any volume that fits in memory: atlases, crops and phantoms.
    package static let anyVolume = NIfTILimits(
        maximumDataBytes: 2 << 30, extent: 0...Double.greatestFiniteMagnitude, minimumVoxels: 1, needsContrast: false,
        needsAgreement: false)

    /// - Throws: `ImagingError(.unsupportedImage)` where the grid is no head's.
    func check(_ grid: VoxelGrid) throws {
        guard grid.size.lengths.allSatisfy({ $0 >= minimumVoxels }) else {
            throw ImagingError(
                .unsupportedImage,
                "The image has \(grid.size.i) × \(grid.size.j) × \(grid.size.k) voxels; "
                    + "a volume needs at least \(minimumVoxels) along each axis.")
        }
        let extents = (0..<3).map { grid.spacing[$0] * Double(grid.size[$0]) }
        guard extents.allSatisfy(extent.contains) else {
            let lengths = extents.map { String(Int($0.rounded().clamped(to: 0...1e9))) }.joined(separator: " × ")
            throw ImagingError(
                .unsupportedImage,
                "The image measures \(lengths) mm; a head takes \(Int(extent.lowerBound)) to \(Int(extent.upperBound)) mm "
                    + "along each axis.")
        }
    }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
