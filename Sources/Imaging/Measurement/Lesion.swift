/// One connected component of the whole tumour (26-neighbourhood), at least 0.05 ml, measured on the reference series'
/// voxels.
package struct Lesion: Codable, Equatable, Sendable {
    package enum Side: String, Codable, Sendable {
        case left, right, midline
    }

    /// 1 for the largest lesion, then by descending volume.
    package let number: Int
    /// mm³ by region within this lesion.
    package let volumes: [TumourRegion: Double]
    /// The share of its voxels that an expert is expected to mark, 0...1, if the model package has a predictor for it;
    /// else the mean probability.
    package let confidence: Double
    /// The largest distance in mm between two voxel centres of the whole tumour, including oedema; the next three are
    /// also of the whole tumour.
    package let maximumDiameter: Double
    /// The largest diameter in mm within one axial slice, the largest perpendicular to it in that slice, and their
    /// product in mm² (RANO).
    package let axialDiameter: Double
    package let perpendicularDiameter: Double
    package let bidimensionalProduct: Double
    /// Centre of mass in RAS mm of the reference series.
    package let centre: PatientPoint
    package let side: Side
    /// Share of the lesion's volume by lobe or structure, largest first; empty if the atlas could not be aligned.
    package let locations: [LesionLocation]
    package let touchesMidline: Bool
    /// `nil` without a brain mask, when the brain's surface is unknown.
    package let touchesCortex: Bool?
    /// Whole tumour, core and enhancing tumour separately; `nil` in results of versions that measured only the whole
    /// tumour.
    package let regions: [TumourRegion: RegionMeasurement]?

    package init(
        number: Int, volumes: [TumourRegion: Double], confidence: Double, maximumDiameter: Double,
        axialDiameter: Double,
        perpendicularDiameter: Double, bidimensionalProduct: Double, centre: PatientPoint, side: Side,
        locations: [LesionLocation], touchesMidline: Bool, touchesCortex: Bool?,
        regions: [TumourRegion: RegionMeasurement]? = nil
    ) {
        self.number = number
        self.volumes = volumes
        self.confidence = confidence
        self.maximumDiameter = maximumDiameter
        self.axialDiameter = axialDiameter
        self.perpendicularDiameter = perpendicularDiameter
        self.bidimensionalProduct = bidimensionalProduct
        self.centre = centre
        self.side = side
        self.locations = locations
        self.touchesMidline = touchesMidline
        self.touchesCortex = touchesCortex
        self.regions = regions
    }

    /// The measurement of a region: present for the whole tumour in every result, `nil` for other regions that were not
    /// measured separately.
    package func measurement(of region: TumourRegion) -> RegionMeasurement? {
        if let regions { return regions[region] }
        guard region == .wholeTumour, let volume = volumes[region] else { return nil }
        return RegionMeasurement(
            volume: volume, parts: [volume],
            diameters: .init(
                maximum: maximumDiameter, axial: axialDiameter, perpendicular: perpendicularDiameter,
                product: bidimensionalProduct))
    }
}

/// A lobe or structure of the atlas and the share (0...1) of a lesion within it.
package struct LesionLocation: Codable, Equatable, Sendable {
    package let structure: AtlasStructure
    package let share: Double

    package init(structure: AtlasStructure, share: Double) {
        self.structure = structure
        self.share = share
    }

    private enum CodingKeys: String, CodingKey {
        case structure = "name"
        case share
    }
}
