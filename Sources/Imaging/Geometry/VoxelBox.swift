/// A box of voxels: starts at `lower` (inclusive) and has `size` voxels along i, j, k.
package struct VoxelBox: Equatable, Sendable {
    package let lower: [Int]
    package let size: GridSize

    package init(lower: [Int], size: GridSize) {
        self.lower = lower
        self.size = size
    }

    /// The box grown by `margin` voxels on each side, clipped to `grid`.
    package func grown(by margin: [Int], within grid: GridSize) -> VoxelBox {
        let from = (0..<3).map { max(0, lower[$0] - margin[$0]) }
        let to = (0..<3).map { min(grid[$0], lower[$0] + size[$0] + margin[$0]) }
        return VoxelBox(lower: from, size: GridSize((0..<3).map { to[$0] - from[$0] }))
    }
}

extension VoxelGrid {
    /// The box of this grid's voxels within `other`'s box, or at most `margin` voxels from it; `nil` if they do not
    /// intersect.
    package func box(covering other: VoxelGrid, margin: Double) -> VoxelBox? {
        let corners = other.corners.map { corner in
            let place = index(of: corner)
            return [place.i, place.j, place.k]
        }
        var lower: [Int] = []
        var lengths: [Int] = []
        for axis in 0..<3 {
            let places = corners.map { $0[axis] }
            let first = max(0, Int(((places.min() ?? 0) - margin).rounded(.down)))
            let last = min(size[axis] - 1, Int(((places.max() ?? 0) + margin).rounded(.up)))
            lower.append(first)
            lengths.append(last - first + 1)
        }
        return lengths.allSatisfy { $0 > 0 } ? VoxelBox(lower: lower, size: GridSize(lengths)) : nil
    }
}

extension Volume where Element == UInt8 {
    /// The smallest box that contains every non-zero voxel; `nil` if there are none.
    package var boundingBox: VoxelBox? {
        let size = grid.size
        var lower = [size.i, size.j, size.k]
        var upper = [-1, -1, -1]
        values.withUnsafeBufferPointer { values in
            var row = 0
            for k in 0..<size.k {
                for j in 0..<size.j {
                    let start = row * size.i
                    row += 1
                    guard let first = (0..<size.i).first(where: { values[start + $0] != 0 }),
                        let last = (0..<size.i).last(where: { values[start + $0] != 0 })
                    else { continue }
                    lower = [min(lower[0], first), min(lower[1], j), min(lower[2], k)]
                    upper = [max(upper[0], last), max(upper[1], j), max(upper[2], k)]
                }
            }
        }
        guard upper[0] >= 0 else { return nil }
        return VoxelBox(lower: lower, size: GridSize((0..<3).map { upper[$0] - lower[$0] + 1 }))
    }
}

extension Volume where Element == UInt8 {
    /// The box that leaves out a share of the non-zero voxels at each end of each axis: unlike the bounding box, it
    /// does not move with a few voxels at the edges. `nil` if no voxel is set.
    package func bulk(leaving share: Double) -> VoxelBox? {
        let size = grid.size
        var counts = (0..<3).map { [Int](repeating: 0, count: size[$0]) }
        var index = 0
        for k in 0..<size.k {
            for j in 0..<size.j {
                for i in 0..<size.i {
                    if values[index] != 0 {
                        counts[0][i] += 1
                        counts[1][j] += 1
                        counts[2][k] += 1
                    }
                    index += 1
                }
            }
        }
        let total = Double(counts[0].reduce(0, +))
        guard total > 0 else { return nil }
        let ends = counts.map { line -> (first: Int, last: Int) in
            var sum = 0
            let sums = line.map { count -> Double in
                sum += count
                return Double(sum)
            }
            return (
                sums.firstIndex { $0 > share * total } ?? 0,
                sums.firstIndex { $0 >= (1 - share) * total } ?? line.count - 1
            )
        }
        return VoxelBox(lower: ends.map(\.first), size: GridSize(ends.map { $0.last - $0.first + 1 }))
    }
}

extension Volume {
    /// The voxels of `box`, which must be within the grid.
    package func cropped(to box: VoxelBox) -> Volume {
        var cut = [Element]()
        cut.reserveCapacity(box.size.count)
        for k in 0..<box.size.k {
            for j in 0..<box.size.j {
                let start = ((box.lower[2] + k) * grid.size.j + box.lower[1] + j) * grid.size.i + box.lower[0]
                cut.append(contentsOf: values[start..<start + box.size.i])
            }
        }
        return Volume(grid: grid.cropped(lower: box.lower, size: box.size), values: cut)
    }

    /// A volume on `grid` with this one's voxels at `box` and `outside` elsewhere.
    package func pasted(into grid: VoxelGrid, at box: VoxelBox, outside: Element) -> Volume {
        var whole = Volume(grid: grid, filledWith: outside)
        whole.paste(self, at: box)
        return whole
    }

    /// Replaces the voxels of `box` by `part`'s.
    package mutating func paste(_ part: Volume, at box: VoxelBox) {
        for k in 0..<box.size.k {
            for j in 0..<box.size.j {
                let to = ((box.lower[2] + k) * grid.size.j + box.lower[1] + j) * grid.size.i + box.lower[0]
                let from = (k * box.size.j + j) * box.size.i
                values.replaceSubrange(to..<to + box.size.i, with: part.values[from..<from + box.size.i])
            }
        }
    }
}
