/// The probability from which a voxel belongs to a region, as defined by a model package.
///
/// The mask with the highest expected Dice includes voxels below 0.5 (the optimal threshold is half the Dice it
/// achieves: Lipton, Elkan & Naryanaswamy 2014), so a package may choose by region.
package struct RegionThresholds: Equatable, Sendable {
    private let stated: [TumourRegion: Float]
    private let otherwise: Float

    /// - Parameter otherwise: for regions missing from `stated`.
    package init(_ stated: [TumourRegion: Float] = [:], otherwise: Float = 0.5) {
        self.stated = stated
        self.otherwise = otherwise
    }

    package subscript(region: TumourRegion) -> Float { stated[region] ?? otherwise }

    /// By region abbreviation, as in a manifest.
    var byAbbreviation: [String: Float] {
        Dictionary(uniqueKeysWithValues: TumourRegion.allCases.map { ($0.abbreviation, self[$0]) })
    }
}
