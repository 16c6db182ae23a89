import CITK

/// Agreement of two masks on one grid.
package enum Agreement {
    /// The Dice coefficient, 0...1, of masks on one grid; 1 if both are empty.
    package static func dice(_ first: LabelMap, _ second: LabelMap) -> Double {
        precondition(first.values.count == second.values.count, "Dice compares masks on one grid")
        var both = 0
        var total = 0
        for (a, b) in zip(first.values, second.values) {
            both += a != 0 && b != 0 ? 1 : 0
            total += (a != 0 ? 1 : 0) + (b != 0 ? 1 : 0)
        }
        return total == 0 ? 1 : 2 * Double(both) / Double(total)
    }

    /// The 95th percentile of the Hausdorff distance in mm, as MONAI defines it: the distances from each surface voxel
    /// of one mask to the nearest of the other; the larger percentile of both directions. Surface voxels are those with
    /// a neighbour across a face outside the mask. 0 if both masks are empty; `nil` if only one is.
    package static func hausdorff95(_ first: LabelMap, _ second: LabelMap) throws -> Double? {
        precondition(first.values.count == second.values.count, "distances are between masks on one grid")
        guard let box = union(first.boundingBox, second.boundingBox) else { return 0 }
        guard first.boundingBox != nil, second.boundingBox != nil else { return nil }
        // A margin of one voxel, so that a mask at the edge of the image has its surface there.
        let sides = [first, second].map { $0.cropped(to: box).widened() }
        let surfaces = sides.map(\.surface)
        let distances = try surfaces.map { try $0.distance() }
        let there = percentile95(surfaces[0].values, distances[1])
        let back = percentile95(surfaces[1].values, distances[0])
        return max(there, back)
    }

    private static func union(_ first: VoxelBox?, _ second: VoxelBox?) -> VoxelBox? {
        guard let first, let second else { return first ?? second }
        let lower = (0..<3).map { min(first.lower[$0], second.lower[$0]) }
        let upper = (0..<3).map { max(first.lower[$0] + first.size[$0], second.lower[$0] + second.size[$0]) }
        return VoxelBox(lower: lower, size: GridSize((0..<3).map { upper[$0] - lower[$0] }))
    }

    /// The percentile of the distances at the set voxels, interpolated linearly as in numpy.
    private static func percentile95(_ surface: [UInt8], _ distances: [Float]) -> Double {
        let sorted = zip(surface, distances).filter { $0.0 != 0 }.map { Double(max($0.1, 0)) }.sorted()
        guard let last = sorted.last else { return 0 }
        let place = 0.95 * Double(sorted.count - 1)
        let below = Int(place)
        guard below + 1 < sorted.count else { return last }
        return sorted[below] + (place - Double(below)) * (sorted[below + 1] - sorted[below])
    }
}

/// The agreement of two masks of one region.
package struct RegionAgreement: Codable, Equatable, Sendable {
    /// 0...1
    package let dice: Double
    /// mm; `nil` if one of the masks is empty.
    package let hd95: Double?

    package init(dice: Double, hd95: Double?) {
        self.dice = dice
        self.hd95 = hd95
    }

    /// The agreement of the platform's labels with an expert's, by region.
    ///
    /// - Throws: `ImagingError(.incompatibleSeries)` if the maps do not have the same voxels.
    package static func byRegion(
        _ labels: LabelMap, expert: LabelMap, convention: LabelConvention
    ) throws -> [TumourRegion: RegionAgreement] {
        guard case .sameVoxels(let change) = GridRelation(expert.grid, to: labels.grid) else {
            throw ImagingError(
                .incompatibleSeries, "The mask's grid is not that of the series on which it is compared.")
        }
        let turned = expert.rearranged(change).placed(on: labels.grid)
        var found: [TumourRegion: RegionAgreement] = [:]
        for region in TumourRegion.allCases {
            let ours = try LabelConvention.brats2023.mask(of: region, in: labels)
            let theirs = try convention.mask(of: region, in: turned)
            found[region] = RegionAgreement(
                dice: Agreement.dice(ours, theirs), hd95: try Agreement.hausdorff95(ours, theirs))
        }
        return found
    }
}

extension Volume where Element == UInt8 {
    /// The mask padded by one empty voxel on every side.
    fileprivate func widened() -> LabelMap {
        let wider = grid.cropped(lower: [-1, -1, -1], size: GridSize(grid.size.lengths.map { $0 + 2 }))
        return pasted(into: wider, at: VoxelBox(lower: [1, 1, 1], size: grid.size), outside: 0)
    }

    /// The set voxels with an unset face neighbour; the outermost voxels of the grid must be empty.
    fileprivate var surface: LabelMap {
        let steps = [1, grid.size.i, grid.size.i * grid.size.j]
        var surface = LabelMap(grid: grid, filledWith: 0)
        values.withUnsafeBufferPointer { values in
            for index in 0..<values.count where values[index] != 0 {
                let isInner = steps.allSatisfy { values[index - $0] != 0 && values[index + $0] != 0 }
                if !isInner { surface.values[index] = 1 }
            }
        }
        return surface
    }

    /// The distance in mm from each voxel's centre to the nearest set voxel; negative inside.
    func distance() throws -> [Float] {
        var distance = [Float](repeating: 0, count: values.count)
        try ITKBorder.run("measuring distances between surfaces") { error in
            citk_signed_distance(ITKBorder.size(grid.size), grid.spacing, values, &distance, error)
        }
        return distance
    }
}
