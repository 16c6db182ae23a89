/// How well two series of a study overlay each other, judged by fine detail, since any two brains share the coarse
/// structure.
package struct SeriesPair: Codable, Equatable, Sendable {
    package let first: MRISequence
    package let second: MRISequence
    /// The detail's mutual information as given, relative to the maximum with one of them shifted by 6 mm along an
    /// axis.
    package let sharpness: Double
    /// The same, relative to the maximum with one of them mirrored.
    package let handedness: Double

    /// mm: the scale of fine detail, which is a series minus its blurred image.
    static let detail = 6.0
    /// mm along each axis: more than patients move between series, less than the distance at which anatomy repeats.
    private static let move = 6.0
    /// Added to both values, since the information of unrelated series is near zero and random.
    private static let chance = 0.003

    init(_ first: MRISequence, _ second: MRISequence, _ bins: [MRISequence: RankBins]) {
        self.first = first
        self.second = second
        guard let own = bins[first], let other = bins[second] else {
            sharpness = 1
            handedness = 1
            return
        }
        let given = own.information(other)
        let moved = Self.moves(own.map.grid).map { own.information(other, offset: $0) }
        let mirrored = (0..<3).map { axis in own.information(other.mirrored((0..<3).map { $0 == axis })) }
        sharpness = (given + Self.chance) / ((moved.max() ?? 0) + Self.chance)
        handedness = (given + Self.chance) / ((mirrored.max() ?? 0) + Self.chance)
    }

    init(_ first: MRISequence, _ second: MRISequence, sharpness: Double, handedness: Double) {
        self.first = first
        self.second = second
        self.sharpness = sharpness
        self.handedness = handedness
    }

    private static func moves(_ grid: VoxelGrid) -> [[Int]] {
        (0..<3).flatMap { axis in
            let voxels = max(1, Int((move / grid.spacing[axis]).rounded()))
            return [-voxels, voxels].map { way in (0..<3).map { $0 == axis ? way : 0 } }
        }
    }
}

extension SeriesPair {
    /// Between the minimum of series that overlay each other and the maximum of others (docs/decisions/0220).
    private static let leastSharpness = 1.5
    private static let leastHandedness = 1.0

    /// Mirrored series reach at most 0.5; a little below 1 only means that both positions are wrong.
    private static let mostHandednessOfMirrored = 0.7

    var isMirrored: Bool { handedness < Self.mostHandednessOfMirrored }
    /// The smaller ratio of a measure to its limit; below 1 the two do not overlay each other.
    var margin: Double { min(sharpness / Self.leastSharpness, handedness / Self.leastHandedness) }
}

extension SeriesLattice {
    /// Compares the detail of the series within `foreground` in pairs.
    ///
    /// - Parameter foreground: the brain, or the head, on any grid.
    package func overlay(within foreground: LabelMap) throws -> SeriesOverlayCheck {
        // Boxes cut by the brain's edge are included: the outline is detail as well.
        let coarse = Image(grid: foreground.grid, values: foreground.values.map { $0 == 0 ? 0 : 1 })
            .boxMeans(spacing: Self.spacing)
        let inside = try Resampler.linear(coarse, to: grid).values.map { $0 > 0 }
        let bins = Dictionary(
            uniqueKeysWithValues: try sequences.concurrentMap { sequence in
                (sequence, RankBins(try detail(of: sequence, within: inside), on: grid))
            })
        return SeriesOverlayCheck(pairs: try pairs.concurrentMap { SeriesPair($0.0, $0.1, bins) })
    }

    private func detail(of sequence: MRISequence, within inside: [Bool]) throws -> [Float] {
        guard let layer = layers[sequence] else { return [] }
        let isUsed = layer.indices.map { inside[$0] && !layer[$0].isNaN }
        func blurred(_ values: [Float]) throws -> [Float] {
            let sigma = [SeriesPair.detail, SeriesPair.detail, SeriesPair.detail]
            return try Smoothing.recursive(Image(grid: grid, values: values), sigma: sigma).values
        }
        let weight = try blurred(isUsed.map { $0 ? 1 : 0 })
        let smooth = try blurred(layer.indices.map { isUsed[$0] ? layer[$0] : 0 })
        return layer.indices.map { isUsed[$0] ? layer[$0] - smooth[$0] / max(weight[$0], 1e-3) : .nan }
    }
}
