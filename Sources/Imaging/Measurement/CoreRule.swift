import CITK
import Foundation

/// Restricts the core of an enhancing lesion to the neighbourhood of its enhancement: distant or uncertain voxels
/// become oedema.
///
/// If at least `share` of a lesion's core enhances, the core's log-odds are lowered, and voxels far from the
/// enhancement are not core unless it encloses them. Other lesions are unchanged (docs/decisions/0243; keep in sync
/// with `training/core.py`).
package struct CoreRule: Codable, Equatable, Sendable {
    package let share: Double
    /// The amount by which the core's log-odds are lowered.
    package let shift: Double
    /// mm
    package let reach: Double

    package init(share: Double, shift: Double, reach: Double) {
        self.share = share
        self.shift = shift
        self.reach = reach
    }

    private enum CodingKeys: String, CodingKey {
        case share, shift
        case reach = "reach_mm"
    }

    package var isValid: Bool { (0...1).contains(share) && shift.isFinite && reach > 0 && reach.isFinite }

    /// The probability from which voxels count as enhancement and core, and from which lesions of the whole tumour are
    /// delineated.
    private static let even: Float = 0.5
    /// mm³: smaller parts of the enhancement may be vessels.
    private static let minimumPartVolume = 100.0
    /// mm: gaps of up to twice this in an enhancing shell count as closed.
    private static let closing: Float = 2

    /// - Parameter regions: nested probabilities on one grid.
    package func applied(to regions: [TumourRegion: Image], _ enhancement: Enhancement) throws -> [TumourRegion: Image]
    {
        guard enhancement.isSegmented, let whole = regions[.wholeTumour], let core = regions[.tumourCore],
            let enhancing = regions[.enhancingTumour],
            let box = whole.mask({ $0 >= Self.even }).boundingBox?.grown(by: [3, 3, 3], within: whole.grid.size)
        else { return regions }
        let near = Surroundings(
            whole: whole.cropped(to: box), core: core.cropped(to: box), enhancing: enhancing.cropped(to: box))
        guard let changed = try adjusted(near) else { return regions }
        var map = core
        map.paste(changed, at: box)
        return regions.merging([.tumourCore: map]) { $1 }
    }

    /// The probability maps around a tumour.
    private struct Surroundings {
        let whole: Image
        let core: Image
        let enhancing: Image
    }

    /// The core's probabilities; `nil` if the rule does not apply.
    private func adjusted(_ maps: Surroundings) throws -> Image? {
        let whole = maps.whole.mask { $0 >= Self.even }
        let enhancingMask = LabelMap(
            grid: whole.grid,
            values: zip(maps.enhancing.values, whole.values).map { $0 >= Self.even ? $1 : 0 })
        let minimum = max(Int((Self.minimumPartVolume / whole.grid.voxelVolume).rounded(.up)), 1)
        let parts = try Components(of: enhancingMask, touchesDiagonally: true, minimumVoxels: minimum)
        guard parts.count > 0 else { return nil }
        let close = try surroundings(of: LabelMap(grid: whole.grid, values: parts.labels.map { $0 > 0 ? 1 : 0 }))
        let lesions = try Components(of: whole, touchesDiagonally: true, minimumVoxels: 1)
        let asked = enhancingLesions(lesions, maps.core, enhancingMask)
        var found = maps.core
        for index in found.values.indices where asked[Int(lesions.labels[index])] {
            let own = close[index] ? Self.lowered(found.values[index], by: shift) : 0
            found.values[index] = max(own, maps.enhancing.values[index])
        }
        return found
    }

    /// Whether enough of a lesion's core enhances, by the lesion's label (0: none).
    private func enhancingLesions(_ lesions: Components, _ core: Image, _ enhancingMask: LabelMap) -> [Bool] {
        var cores = [Double](repeating: 0, count: lesions.count + 1)
        var enhancing = cores
        for (index, label) in lesions.labels.enumerated() where label > 0 {
            if core.values[index] >= Self.even { cores[Int(label)] += 1 }
            if enhancingMask.values[index] != 0 { enhancing[Int(label)] += 1 }
        }
        return zip(cores, enhancing).enumerated().map { label, counts in
            label > 0 && counts.1 > 0 && counts.1 >= share * max(counts.0, 1)
        }
    }

    /// The voxels within reach of the enhancement or enclosed by it.
    private func surroundings(of enhancing: LabelMap) throws -> [Bool] {
        let distance = try enhancing.distance()
        let shell = LabelMap(grid: enhancing.grid, values: distance.map { $0 <= Self.closing ? 1 : 0 })
        return zip(distance, try shell.filled().values).map { $0 <= Float(reach) || $1 != 0 }
    }

    private static func lowered(_ probability: Float, by shift: Double) -> Float {
        let value = min(max(Double(probability), 1e-7), 1 - 1e-7)
        return Float(1 / (1 + exp(shift) * (1 - value) / value))
    }
}
