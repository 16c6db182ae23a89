/// How Dice follows from the expectation of the probabilities, fitted on patients whose truth is known: slope · x + intercept.
package struct QualityLine: Codable, Equatable, Sendable {
    package let slope: Double
    package let intercept: Double

    package init(slope: Double, intercept: Double) {
        self.slope = slope
        self.intercept = intercept
    }
}

/// Foretells Dice without a truth.
package enum ExpectedDice {
    /// Dice between a mask and the probabilities that it was made from: 2 Σ p over the mask ÷ (voxels of the mask + Σ p).
    /// It is what a calibrated model expects of its mask; 0 for an empty mask.
    static func soft(_ probabilities: Image, threshold: Float) -> Double {
        var inside = 0.0
        var all = 0.0
        var count = 0.0
        for value in probabilities.values {
            all += Double(value)
            if value >= threshold {
                inside += Double(value)
                count += 1
            }
        }
        return count > 0 ? 2 * inside / (count + all) : 0
    }

    /// Regions without a line are left out.
    package static func of(
        _ regions: [TumourRegion: Image], threshold: Float, by lines: [TumourRegion: QualityLine]
    ) -> [TumourRegion: Double] {
        var found: [TumourRegion: Double] = [:]
        for (region, line) in lines {
            guard let map = regions[region] else { continue }
            found[region] = min(max(line.slope * soft(map, threshold: threshold) + line.intercept, 0), 1)
        }
        return found
    }
}
