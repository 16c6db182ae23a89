/// The limits within which a file counts as an image of a head.
///
/// Voxels and millimetres bound the work, not bytes: a few megabytes of zeros decompress to a grid of any size, and
/// every network and the atlas use grids of 1 to 3 mm over the whole field of view (docs/decisions/0225).
package struct NIfTILimits: Sendable {
    /// Of one volume, regardless of its storage type.
    package var maximumVoxels: Int
    /// The minimum number of voxels along each axis.
    package var minimumVoxels: Int
    /// mm from edge to edge along each axis.
    package var extent: ClosedRange<Double>
    /// mm between voxels along each axis.
    package var spacing: ClosedRange<Double>
    /// The volume of the whole box.
    package var maximumLitres: Double
    /// Whether an image of a single value or a label map is rejected.
    package var needsContrast: Bool
    /// Whether a header with contradictory sform, qform and pixdim is rejected.
    package var needsAgreement: Bool

    package init(
        maximumVoxels: Int, minimumVoxels: Int, extent: ClosedRange<Double>, spacing: ClosedRange<Double>,
        maximumLitres: Double, needsContrast: Bool, needsAgreement: Bool = true
    ) {
        self.maximumVoxels = maximumVoxels
        self.minimumVoxels = minimumVoxels
        self.extent = extent
        self.spacing = spacing
        self.maximumLitres = maximumLitres
        self.needsContrast = needsContrast
        self.needsAgreement = needsAgreement
    }

    /// A series of a head.
    package static let head = NIfTILimits(
        maximumVoxels: 80_000_000, minimumVoxels: 8, extent: 40...400, spacing: 0.1...15, maximumLitres: 30,
        needsContrast: true)
    /// A mask or label map of a head, which may be empty.
    package static let labels = NIfTILimits(
        maximumVoxels: 80_000_000, minimumVoxels: 8, extent: 40...400, spacing: 0.1...15, maximumLitres: 30,
        needsContrast: false)
    /// Any volume that fits in memory: atlases, crops and phantoms.
    package static let anyVolume = NIfTILimits(
        maximumVoxels: 1 << 29, minimumVoxels: 1, extent: 0...Double.greatestFiniteMagnitude,
        spacing: 0...Double.greatestFiniteMagnitude, maximumLitres: .greatestFiniteMagnitude, needsContrast: false,
        needsAgreement: false)

    /// - Throws: `ImagingError(.unsupportedImage)` if there are too many voxels to read.
    func check(_ size: GridSize) throws {
        // The product of three 16-bit lengths fits.
        guard size.count <= maximumVoxels else {
            throw ImagingError(
                .unsupportedImage,
                "The image has \(Self.product(size.lengths.map(Double.init))) voxels; a series may have "
                    + "\(maximumVoxels / 1_000_000) million. Crop it to the head or resample it to 0.5 mm or coarser.")
        }
        guard size.lengths.allSatisfy({ $0 >= minimumVoxels }) else {
            throw ImagingError(
                .unsupportedImage,
                "The image has \(size.i) × \(size.j) × \(size.k) voxels; "
                    + "a volume needs at least \(minimumVoxels) along each axis.")
        }
    }

    /// - Throws: `ImagingError(.unsupportedImage)` if the grid does not fit a head.
    func check(_ grid: VoxelGrid) throws {
        try check(grid.size)
        let extents = (0..<3).map { grid.spacing[$0] * Double(grid.size[$0]) }
        guard extents.allSatisfy(extent.contains) else {
            throw ImagingError(
                .unsupportedImage,
                "The image measures \(Self.product(extents)) mm; a head measures \(Int(extent.lowerBound)) to "
                    + "\(Int(extent.upperBound)) mm along each axis.")
        }
        guard extents.reduce(1e-6, *) <= maximumLitres else {
            throw ImagingError(
                .unsupportedImage,
                "The image measures \(Self.product(extents)) mm, more than the \(Int(maximumLitres)) litres "
                    + "that a head scan may cover. Crop it to the head.")
        }
        guard grid.spacing.allSatisfy(spacing.contains) else {
            throw ImagingError(
                .unsupportedImage,
                "The voxels measure \(Self.product(grid.spacing, decimals: true)) mm; a head scan has "
                    + "\(spacing.lowerBound) to \(Int(spacing.upperBound)) mm between voxels.")
        }
    }

    private static func product(_ lengths: [Double], decimals: Bool = false) -> String {
        lengths.map { length in
            let rounded = (length.clamped(to: 0...1e9) * (decimals ? 100 : 1)).rounded()
            return decimals ? "\(rounded / 100)" : "\(Int(rounded))"
        }.joined(separator: " × ")
    }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
