/// How well two series of a study overlay each other, told from fine detail, since any two brains share the coarse.
package struct SeriesPair: Codable, Equatable, Sendable {
    package let first: MRISequence
    package let second: MRISequence
    /// The detail's mutual information as given, over the largest with one of them moved by 6 mm along an axis.
    package let sharpness: Double
    /// The same over the largest with one of them mirrored.
    package let handedness: Double

    /// mm, in units of which fine detail is meant: what is left of a series without its own blurred image.
    static let detail = 6.0
    /// mm along each axis: further than patients move between series, not further than their anatomy repeats itself.
    private static let move = 6.0
    /// Added to what is compared, since the information of unrelated series is near zero and by chance.
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
    /// Between what series that overlay each other reach at least and what others reach at most (docs/decisions/0220).
    private static let leastSharpness = 1.5
    private static let leastHandedness = 1.0

    /// Mirrored series reach 0.5 at most; a little below 1 says only that both positions are wrong.
    private static let mostHandednessOfMirrored = 0.7

    var isMirrored: Bool { handedness < Self.mostHandednessOfMirrored }
    /// How far above its limit the nearer of both measures lies; below 1 the two do not overlay each other.
    var margin: Double { min(sharpness / Self.leastSharpness, handedness / Self.leastHandedness) }
}

extension SeriesLattice {
    /// The detail of each series within `foreground`, compared pair by pair.
    ///
    /// - Parameter foreground: the brain, or the head, on any grid.
    package func overlay(within foreground: LabelMap) throws -> SeriesOverlayCheck {
        // Boxes that the brain's edge cuts take part: the outline is detail as well.
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
