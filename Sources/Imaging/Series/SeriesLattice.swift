/// A study's series on one lattice of about 3 mm: enough to tell whether they show one head at one position.
package struct SeriesLattice: Sendable {
    /// mm: a voxel of 1 mm becomes a third of a step, and one of 5 mm is not split.
    static let spacing = 3.0
    /// A value shared by at least this share of an image's voxels is its background.
    private static let backgroundShare = 0.05

    package let grid: VoxelGrid
    /// By sequence, on `grid`; background is NaN.
    let layers: [MRISequence: [Float]]
    /// Whether all series' volumes cover a voxel.
    private let isShared: [Bool]

    /// - Parameters:
    ///   - study: as provided by `SeparatedStudy`: otherwise noise or ripples around a brain would also be compared.
    ///   - reference: the series whose axes the lattice has; `nil` for the study's reference.
    package init(_ study: Study, reference: MRISequence? = nil) throws {
        let coarse = try study.sequences.compactMap { sequence in study.images[sequence].map { (sequence, $0) } }
            .concurrentMap { sequence, image in (sequence, image.boxMeans(spacing: Self.spacing)) }
        guard let grid = coarse.first(where: { $0.0 == reference ?? study.reference })?.1.grid else {
            throw ImagingError(.internalFault, "The study has no reference series.")
        }
        self.grid = grid
        layers = Dictionary(
            uniqueKeysWithValues: try coarse.concurrentMap { sequence, image in
                (sequence, try Self.layer(image, on: grid))
            })
        let reach = try coarse.concurrentMap { _, image in
            try Resampler.linear(Image(grid: image.grid, filledWith: 1), to: grid, outside: 0).values
        }
        isShared = (0..<grid.size.count).map { index in reach.allSatisfy { $0[index] > 0.5 } }
    }

    var sequences: [MRISequence] { layers.keys.sorted() }

    /// All pairs of sequences.
    var pairs: [(MRISequence, MRISequence)] {
        let names = sequences
        return names.indices.flatMap { first in names[(first + 1)...].map { (names[first], $0) } }
    }

    private static func layer(_ image: Image, on grid: VoxelGrid) throws -> [Float] {
        let background = background(of: image.values)
        let placed = try Resampler.linear(image, to: grid, outside: background ?? 0).values
        guard let background else { return placed }
        return placed.map { $0 == background ? .nan : $0 }
    }

    /// The most frequent value, if it is frequent enough.
    private static func background(of values: [Float]) -> Float? {
        let sorted = stride(from: 0, to: values.count, by: 7).map { values[$0] }.sorted()
        var (best, length, start) = (0, 0, 0)
        for index in sorted.indices where index + 1 == sorted.count || sorted[index + 1] != sorted[index] {
            if index + 1 - start > length { (best, length) = (start, index + 1 - start) }
            start = index + 1
        }
        return Double(length) >= backgroundShare * Double(sorted.count) ? sorted[best] : nil
    }
}

extension SeriesLattice {
    /// A series that shows this many times more than each of the others still has its skull.
    private static let skullShare = 1.2

    /// A sentence for `Review` about a series that shows more than the others where all of them overlap, although all
    /// count as stripped.
    package func strippingDoubts(_ brainMask: BrainMask) -> [String] {
        guard brainMask == .given, layers.count > 1 else { return [] }
        let shown = layers.mapValues { layer in
            layer.indices.reduce(0) { $0 + (isShared[$1] && !layer[$1].isNaN ? 1 : 0) }
        }.sorted { ($0.value, $0.key) > ($1.value, $1.key) }
        guard Double(shown[0].value) > Self.skullShare * Double(shown[1].value) else { return [] }
        let others = sequences.filter { $0 != shown[0].key }.map(\.displayName).listed
        return [
            "\(shown[0].key.displayName) shows tissue outside the brain that \(others) \(layers.count > 2 ? "do" : "does") not show: it may not be skull-stripped."
        ]
    }
}

extension Volume where Element == Float {
    /// Means of boxes of voxels about `spacing` mm long. Box lengths are odd and boxes are centred in the volume, so
    /// that a mirrored image has mirrored means.
    func boxMeans(spacing wanted: Double) -> Image {
        let parts = (0..<3).map { axis in Self.boxes(of: grid.size[axis], wanted / grid.spacing[axis]) }
        guard parts.contains(where: { $0.length > 1 }) else { return self }
        let covered = grid.cropped(
            lower: parts.map { $0.first }, size: GridSize(parts.map { $0.count * $0.length }))
        let coarse = covered.resized(spacing: (0..<3).map { grid.spacing[$0] * Double(parts[$0].length) })
        let means = [Float](unsafeUninitializedCapacity: coarse.size.count) { output, filled in
            output.initialize(repeating: 0)
            values.withUnsafeBufferPointer { Self.addBoxes(of: $0, grid.size, parts, to: output) }
            let scale = 1 / Float(parts[0].length * parts[1].length * parts[2].length)
            for index in 0..<output.count { output[index] *= scale }
            filled = coarse.size.count
        }
        return Image(grid: coarse, values: means)
    }

    private static func boxes(of voxels: Int, _ wanted: Double) -> (first: Int, count: Int, length: Int) {
        let length = Swift.max(1, 2 * Int(((wanted - 1) / 2).rounded()) + 1)
        var count = voxels / length
        if (voxels - count * length) % 2 != 0 { count -= 1 }
        return count > 0 ? ((voxels - count * length) / 2, count, length) : (0, voxels, 1)
    }

    private static func addBoxes(
        of input: UnsafeBufferPointer<Float>, _ size: GridSize, _ parts: [(first: Int, count: Int, length: Int)],
        to output: UnsafeMutableBufferPointer<Float>
    ) {
        let (i, j, k) = (parts[0], parts[1], parts[2])
        for z in 0..<k.count * k.length {
            for y in 0..<j.count * j.length {
                var source = ((k.first + z) * size.j + j.first + y) * size.i + i.first
                var target = (z / k.length * j.count + y / j.length) * i.count
                for _ in 0..<i.count {
                    var sum: Float = 0
                    for _ in 0..<i.length {
                        sum += input[source]
                        source += 1
                    }
                    output[target] += sum
                    target += 1
                }
            }
        }
    }
}
