/// What T1, T1CE and FLAIR of one head say of each other: contrast agent only ever brightens, and T1CE is a T1.
///
/// Needs no atlas, so it also tells two series in each other's slots apart that a template of one contrast cannot
/// (docs/decisions/0202).
package struct SeriesComparison: Equatable, Sendable {
    /// How lopsided the difference T1CE - T1 is, -1...1: above 0 where the largest differences are brighter in T1CE.
    package let enhancement: Double?
    /// Spearman's rank correlation of T1 with T1CE less that of FLAIR with T1CE.
    package let likeness: Double?

    /// Three decimals of a rank correlation need no more.
    private static let mostVoxels = 60_000
    private static let leastVoxels = 1000
    /// Shares at which the difference's tails are read (Bowley's skewness with other quantiles).
    private static let tail = 0.01

    /// - Parameters:
    ///   - images: by sequence, of one patient space; brought to the grid of T1CE where theirs is another.
    ///   - foreground: the brain, on the grid of T1CE.
    package init(_ images: [MRISequence: Image], within foreground: LabelMap) throws {
        guard let t1ce = images[.t1ce], foreground.grid == t1ce.grid else {
            self.init(enhancement: nil, likeness: nil)
            return
        }
        var places = foreground.values.indices.filter { foreground.values[$0] != 0 && t1ce.values[$0] != 0 }
        let step = max(1, places.count / Self.mostVoxels)
        places = stride(from: 0, to: places.count, by: step).map { places[$0] }
        func values(_ sequence: MRISequence) throws -> [Float]? {
            guard let image = images[sequence], places.count >= Self.leastVoxels else { return nil }
            let own = image.grid == t1ce.grid ? image : try Resampler.linear(image, to: t1ce.grid)
            return places.map { own.values[$0] }
        }
        guard let enhanced = try values(.t1ce), let plain = try values(.t1) else {
            self.init(enhancement: nil, likeness: nil)
            return
        }
        let flair = try values(.flair)
        self.init(
            enhancement: Self.lopsidedness(zip(Self.scaled(enhanced), Self.scaled(plain)).map { $0 - $1 }),
            likeness: flair.map { Self.rankCorrelation(plain, enhanced) - Self.rankCorrelation($0, enhanced) })
    }

    init(enhancement: Double?, likeness: Double?) {
        self.enhancement = enhancement
        self.likeness = likeness
    }

    /// In units of the median absolute deviation from the median: a tumour moves neither much.
    private static func scaled(_ values: [Float]) -> [Float] {
        let middle = quantile(values.sorted(), 0.5)
        let spread = quantile(values.map { abs($0 - middle) }.sorted(), 0.5)
        return values.map { ($0 - middle) / Swift.max(spread, .leastNormalMagnitude) }
    }

    private static func lopsidedness(_ values: [Float]) -> Double {
        let sorted = values.sorted()
        let low = quantile(sorted, tail)
        let high = quantile(sorted, 1 - tail)
        return high > low ? Double((high + low - 2 * quantile(sorted, 0.5)) / (high - low)) : 0
    }

    private static func quantile(_ sorted: [Float], _ share: Double) -> Float {
        sorted[Int((Double(sorted.count - 1) * share).rounded())]
    }

    private static func rankCorrelation(_ a: [Float], _ b: [Float]) -> Double {
        SeriesContrast.rankCorrelation(SeriesContrast.ranks(a), SeriesContrast.ranks(b))
    }
}

extension SeriesComparison {
    /// Of 34 studies of four sources and more the least is 0.08 (a tumour that hardly enhances), so -0.08 is the most of interchanged
    /// ones; phantoms without bright vessels lie about 0.
    private static let leastEnhancement = -0.04
    /// Of the same studies the least is 0.13.
    private static let leastLikeness = 0.0

    /// Sentences on series that seem to stand in each other's slots.
    var doubts: [String] {
        var doubts: [String] = []
        if let enhancement, enhancement < Self.leastEnhancement {
            doubts.append(
                "The series given as T1 is brighter where contrast agent would be than the one given as T1CE; they may have been swapped."
            )
        }
        if let likeness, likeness < Self.leastLikeness {
            doubts.append(
                "The series given as FLAIR is more like T1CE than the one given as T1; they may have been swapped.")
        }
        return doubts
    }
}
