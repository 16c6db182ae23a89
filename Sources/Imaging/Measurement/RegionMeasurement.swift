/// The measurements of one region (whole tumour, core or enhancing tumour) within a lesion.
package struct RegionMeasurement: Codable, Equatable, Sendable {
    /// Lengths in mm; the product of the axial ones in mm² (RANO).
    package struct Diameters: Codable, Equatable, Sendable {
        /// Largest distance between two voxel centres.
        package let maximum: Double
        /// The largest diameter within one axial slice.
        package let axial: Double
        /// The largest one perpendicular to it in the same slice.
        package let perpendicular: Double
        package let product: Double

        package init(maximum: Double, axial: Double, perpendicular: Double, product: Double? = nil) {
            self.maximum = maximum
            self.axial = axial
            self.perpendicular = perpendicular
            self.product = product ?? axial * perpendicular
        }

        init(_ set: VoxelSet) {
            let axial = set.axialDiameters
            self.init(maximum: set.maximumDiameter, axial: axial.largest, perpendicular: axial.perpendicular)
        }
    }

    /// mm³ of all its voxels in the lesion.
    package let volume: Double
    /// mm³ of its connected parts (26-neighbourhood) of at least 0.05 ml, largest first: parts of the core or enhancing
    /// foci.
    package let parts: [Double]
    /// Measured on the largest part, so that no diameter spans a gap; `nil` if there are no parts.
    package let diameters: Diameters?

    package init(volume: Double, parts: [Double], diameters: Diameters?) {
        self.volume = volume
        self.parts = parts
        self.diameters = diameters
    }
}
