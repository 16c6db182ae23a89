import Foundation

/// A series on a lattice as equally populated bins, which are invariant to brightness.
struct RankBins: Sendable {
    static let count = 32
    /// The bin of an excluded voxel.
    static let none: UInt8 = 255

    let map: LabelMap

    /// - Parameter values: on `grid`; NaN values are excluded.
    init(_ values: [Float], on grid: VoxelGrid) {
        let sorted = values.filter { !$0.isNaN }.sorted()
        let edges = (1..<Self.count).map { sorted.isEmpty ? 0 : sorted[sorted.count * $0 / Self.count] }
        map = LabelMap(
            grid: grid,
            values: values.map { value in
                guard !value.isNaN else { return Self.none }
                var (low, high) = (0, edges.count)
                while low < high {
                    let middle = (low + high) / 2
                    if edges[middle] <= value { low = middle + 1 } else { high = middle }
                }
                return UInt8(low)
            })
    }

    private init(_ map: LabelMap) {
        self.map = map
    }

    /// Mirrored along the lattice's axes that `isFlipped` marks.
    func mirrored(_ isFlipped: [Bool]) -> RankBins {
        RankBins(map.rearranged(AxisRearrangement(sources: [0, 1, 2], isFlipped: isFlipped)).placed(on: map.grid))
    }

    /// Normalised mutual information minus one (Studholme et al. 1999): 0 if the two are independent, 1 if each
    /// determines the other.
    ///
    /// - Parameter offset: voxels along i, j, k by which `other` is shifted.
    func information(_ other: RankBins, offset: [Int] = [0, 0, 0]) -> Double {
        let size = map.grid.size
        var joint = [Int32](repeating: 0, count: Self.count * Self.count)
        let ranges = (0..<3).map { max(0, -offset[$0])..<max(0, -offset[$0], size[$0] - max(0, offset[$0])) }
        let step = (offset[2] * size.j + offset[1]) * size.i + offset[0]
        map.values.withUnsafeBufferPointer { own in
            other.map.values.withUnsafeBufferPointer { theirs in
                joint.withUnsafeMutableBufferPointer { joint in
                    for k in ranges[2] {
                        for j in ranges[1] {
                            let row = (k * size.j + j) * size.i
                            for index in row + ranges[0].lowerBound..<row + ranges[0].upperBound {
                                let (first, second) = (own[index], theirs[index + step])
                                if first == Self.none || second == Self.none { continue }
                                joint[Int(first) * Self.count + Int(second)] += 1
                            }
                        }
                    }
                }
            }
        }
        return Self.information(joint)
    }

    private static func information(_ joint: [Int32]) -> Double {
        var first = [Int32](repeating: 0, count: count)
        var second = first
        for (cell, voxels) in joint.enumerated() {
            first[cell / count] += voxels
            second[cell % count] += voxels
        }
        let both = entropy(joint)
        return both > 0 ? (entropy(first) + entropy(second)) / both - 1 : 0
    }

    private static func entropy(_ voxels: [Int32]) -> Double {
        let total = Double(voxels.reduce(0, +))
        return voxels.reduce(0.0) { sum, count in
            guard count > 0 else { return sum }
            let share = Double(count) / total
            return sum - share * log(share)
        }
    }
}
