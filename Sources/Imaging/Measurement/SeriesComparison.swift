/// Compares T1, T1CE and FLAIR of one head: contrast agent only brightens, and T1CE is T1-weighted.
///
/// Needs no atlas, so it also detects swapped series that a template of one contrast cannot (docs/decisions/0202).
package struct SeriesComparison: Equatable, Sendable {
    /// The skewness of the difference T1CE - T1, -1...1: above 0 if the largest differences are brighter in T1CE.
    package let enhancement: Double?
    /// Spearman's rank correlation of T1 with T1CE minus that of FLAIR with T1CE.
    package let likeness: Double?

    /// Enough for three decimals of a rank correlation.
    private static let mostVoxels = 60_000
    private static let leastVoxels = 1000
    /// The quantile of the tails of the difference (Bowley's skewness with other quantiles).
    private static let tail = 0.01

    /// - Parameters:
    ///   - images: by sequence, in one patient space; resampled to the grid of T1CE if theirs differs.
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

    /// In units of the median absolute deviation from the median: a tumour changes neither much.
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
    /// The minimum of 34 and more studies from four sources is 0.08 (a tumour that hardly enhances), so swapped series
    /// reach at most -0.08; phantoms without bright vessels are about 0.
    private static let leastEnhancement = -0.04
    /// The minimum in the same studies is 0.13.
    private static let leastLikeness = 0.0

    /// Sentences about series that may have been swapped.
    var warnings: [String] {
        var warnings: [String] = []
        if let enhancement, enhancement < Self.leastEnhancement {
            warnings.append(
                "The series given as T1 is brighter where contrast agent would be than the one given as T1CE; they may have been swapped."
            )
        }
        if let likeness, likeness < Self.leastLikeness {
            warnings.append(
                "The series given as FLAIR is more like T1CE than the one given as T1; they may have been swapped.")
        }
        return warnings
    }
}
