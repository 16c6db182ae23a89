/// The nested masks of a study, all on the grid of the probabilities: ET ⊂ TC ⊂ WT.
package struct RegionMasks: Sendable {
    package let masks: [TumourRegion: LabelMap]
    package let grid: VoxelGrid

    /// - Parameter grid: the grid of the masks.
    package init(_ probabilities: TumourProbabilities, on grid: VoxelGrid) throws {
        let found = try RegionMasks(probabilities.regions, thresholds: probabilities.thresholds, on: grid)
        let isCleared = probabilities.enhancement?.isSegmented == false
        self.init(isCleared ? found.withoutEnhancement : found.masks, grid)
    }

    /// - Parameter regions: probabilities; they are interpolated linearly, then compared with the region's threshold.
    init(_ regions: [TumourRegion: Image], thresholds: RegionThresholds, on grid: VoxelGrid) throws {
        var masks: [TumourRegion: LabelMap] = [:]
        var outer: LabelMap?
        for region in TumourRegion.allCases {
            guard let map = regions[region] else {
                throw ImagingError(.internalFault, "A probability map of a region is missing.")
            }
            var mask = try Resampler.mask(map, threshold: thresholds[region], on: grid)
            if let outer {
                for index in mask.values.indices where outer.values[index] == 0 { mask.values[index] = 0 }
            }
            masks[region] = mask
            outer = mask
        }
        self.masks = masks
        self.grid = grid
    }

    private init(_ masks: [TumourRegion: LabelMap], _ grid: VoxelGrid) {
        self.masks = masks
        self.grid = grid
    }

    private var withoutEnhancement: [TumourRegion: LabelMap] {
        masks.merging([.enhancingTumour: LabelMap(grid: grid, filledWith: 0)]) { $1 }
    }

    /// Removes connected parts of the whole tumour (26-neighbourhood) that are too small to be lesions, so that the
    /// masks' volumes equal the lesions' (docs/decisions/0230).
    package func withoutSpecks() throws -> RegionMasks {
        guard let whole = masks[.wholeTumour], let box = whole.boundingBox else { return self }
        let near = whole.cropped(to: box)
        let minimum = LesionMeasurer.minimumVoxels(on: grid)
        let lesions = try Components(of: near, touchesDiagonally: true, minimumVoxels: minimum)
        let kept = LabelMap(grid: near.grid, values: lesions.labels.map { $0 > 0 ? 1 : 0 })
        guard kept.values != near.values else { return self }
        let outline = kept.pasted(into: grid, at: box, outside: 0)
        return RegionMasks(
            masks.mapValues { mask in
                LabelMap(grid: grid, values: zip(mask.values, outline.values).map { $1 == 0 ? 0 : $0 })
            }, grid)
    }

    /// Labels of BraTS 2023: 1 NCR, 2 ED, 3 ET.
    package var labels: LabelMap {
        var map = LabelMap(grid: grid, filledWith: TumourLabel.background.rawValue)
        for (region, label) in [
            (TumourRegion.wholeTumour, TumourLabel.oedema), (.tumourCore, .necroticCore),
            (.enhancingTumour, .enhancing),
        ] {
            guard let mask = masks[region] else { continue }
            for index in mask.values.indices where mask.values[index] != 0 { map.values[index] = label.rawValue }
        }
        return map
    }

    /// mm³ by region, counted on the masks' own voxels.
    package var volumes: [TumourRegion: Double] {
        masks.mapValues { Double($0.setVoxelCount) * grid.voxelVolume }
    }
}
