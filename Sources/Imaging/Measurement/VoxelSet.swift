import CITK

/// A set of voxels of a grid in RAS order, such as a lesion, with their distances in millimetres.
struct VoxelSet {
    struct Index {
        let i: Int
        let j: Int
        let k: Int
    }

    let grid: VoxelGrid
    let indices: [Index]

    func point(_ index: Index) -> PatientPoint {
        grid.affine.point(i: Double(index.i), j: Double(index.j), k: Double(index.k))
    }

    /// Mean of the voxels' centres.
    var centre: PatientPoint {
        let sum = indices.reduce(PatientPoint.origin) { $0 + point($1) }
        return (1 / Double(max(indices.count, 1))) * sum
    }

    /// The largest distance between two voxel centres: compares only the two ends of each row, since the farthest pair
    /// is on the convex hull.
    var maximumDiameter: Double {
        let points = Self.ends(of: indices, row: { [$0.k, $0.j] }, place: \.i).map(point)
        return citk_largest_distance(points.flatMap(\.components), Int64(points.count))
    }

    /// Diameters within one axial slice (RANO: the largest, and the largest nearly perpendicular to it in that slice).
    struct AxialDiameters {
        var largest = 0.0
        var perpendicular = 0.0
    }

    /// Of the slice with the largest diameter; perpendicular within about 6°.
    var axialDiameters: AxialDiameters {
        var found = AxialDiameters()
        var best: (points: [PatientPoint], direction: PatientPoint)?
        for slice in Dictionary(grouping: indices, by: \.k).sorted(by: { $0.key < $1.key }).map(\.value) {
            let edge =
                Self.ends(of: slice, row: { [$0.j] }, place: \.i) + Self.ends(of: slice, row: { [$0.i] }, place: \.j)
            let points = edge.map(point)
            guard let pair = Self.farthest(points, where: { _ in true }), pair.length > found.largest else { continue }
            found.largest = pair.length
            best = (points, pair.direction)
        }
        if let best {
            let across = Self.farthest(best.points) { abs($0.dot(best.direction)) <= 0.1 }
            found.perpendicular = across?.length ?? 0
        }
        return found
    }

    private struct Pair {
        let length: Double
        let direction: PatientPoint
    }

    private static func farthest(_ points: [PatientPoint], where accepts: (PatientPoint) -> Bool) -> Pair? {
        var found: Pair?
        for (number, first) in points.enumerated() {
            for second in points[(number + 1)...] {
                let length = first.distance(to: second)
                guard length > found?.length ?? 0 else { continue }
                let direction = (second - first).normalised
                if accepts(direction) { found = Pair(length: length, direction: direction) }
            }
        }
        return found
    }

    /// The first and the last voxel of each row.
    private static func ends(
        of indices: [Index], row: (Index) -> [Int], place: KeyPath<Index, Int>
    ) -> [Index] {
        Dictionary(grouping: indices, by: row).sorted { $0.key.lexicographicallyPrecedes($1.key) }.flatMap {
            _, voxels in
            let sorted = voxels.sorted { $0[keyPath: place] < $1[keyPath: place] }
            return sorted.count > 1 ? [sorted[0], sorted[sorted.count - 1]] : sorted
        }
    }
}
