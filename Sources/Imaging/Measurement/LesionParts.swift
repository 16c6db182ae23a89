/// The connected parts (26-neighbourhood, at least 0.05 ml) of the core and of the enhancing tumour, by the lesion that
/// contains them.
struct LesionParts {
    private let masks: [TumourRegion: LabelMap]
    /// By region and lesion: the offsets of each part's voxels, largest first.
    private let parts: [TumourRegion: [Int: [[Int]]]]

    /// - Parameters:
    ///   - masks: nested, so that a part is within one lesion.
    ///   - lesions: components of the whole tumour; with the lesions' numbers.
    init(_ masks: [TumourRegion: LabelMap], of lesions: Components, minimumVoxels: Int) throws {
        self.masks = masks
        var parts: [TumourRegion: [Int: [[Int]]]] = [:]
        for region in [TumourRegion.tumourCore, .enhancingTumour] {
            guard let mask = masks[region], mask.values.contains(where: { $0 != 0 }) else { continue }
            let found = try Components(of: mask, touchesDiagonally: true, minimumVoxels: minimumVoxels)
            parts[region] = Dictionary(grouping: found.members) { Int($0.first.map { lesions.labels[$0] } ?? 0) }
        }
        self.parts = parts
    }

    /// Measures each region within one lesion.
    ///
    /// - Parameter set: builds a `VoxelSet` from offsets.
    func measurements(
        of lesion: Int, _ offsets: [Int], voxelVolume: Double, set: ([Int]) -> VoxelSet
    ) -> [TumourRegion: RegionMeasurement] {
        var found: [TumourRegion: RegionMeasurement] = [:]
        for (region, mask) in masks {
            let count = offsets.reduce(into: 0) { $0 += mask.values[$1] == 0 ? 0 : 1 }
            let own = region == .wholeTumour ? [offsets] : parts[region]?[lesion] ?? []
            found[region] = RegionMeasurement(
                volume: Double(count) * voxelVolume, parts: own.map { Double($0.count) * voxelVolume },
                diameters: own.first.map { RegionMeasurement.Diameters(set($0)) })
        }
        return found
    }
}

extension Components {
    /// The voxels' array positions, by component.
    var members: [[Int]] {
        var found = [[Int]](repeating: [], count: count)
        for (offset, label) in labels.enumerated() where label > 0 { found[Int(label) - 1].append(offset) }
        return found
    }
}
