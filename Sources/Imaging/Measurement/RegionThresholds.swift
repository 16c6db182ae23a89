/// From which probability on a voxel belongs to a region, as a model package states it.
///
/// The mask of the highest expected Dice keeps voxels that are less likely than not (its threshold is half the Dice that it reaches:
/// Lipton, Elkan & Naryanaswamy 2014), so a package may choose by region.
package struct RegionThresholds: Equatable, Sendable {
    private let stated: [TumourRegion: Float]
    private let otherwise: Float

    /// - Parameter otherwise: for regions that `stated` does not name.
    package init(_ stated: [TumourRegion: Float] = [:], otherwise: Float = 0.5) {
        self.stated = stated
        self.otherwise = otherwise
    }

    package subscript(region: TumourRegion) -> Float { stated[region] ?? otherwise }

    /// By the regions' abbreviations, as a manifest states them.
    var byAbbreviation: [String: Float] {
        Dictionary(uniqueKeysWithValues: TumourRegion.allCases.map { ($0.abbreviation, self[$0]) })
    }
}
