/// How Dice follows from what can be seen without a truth, fitted on patients whose truth is known (`training/calibrate.py`).
package struct DiceForecast: Codable, Equatable, Sendable {
    package let intercept: Double
    /// Weight of the Dice that the probabilities expect of their own mask.
    package let soft: Double
    /// Weight of the Dice of the first stage's mask with the final one.
    package let agreement: Double
    /// Weight of the mean Dice that was measured with the same sequences.
    package let measured: Double

    package init(intercept: Double, soft: Double = 0, agreement: Double = 0, measured: Double = 0) {
        self.intercept = intercept
        self.soft = soft
        self.agreement = agreement
        self.measured = measured
    }

    package var isFinite: Bool { [intercept, soft, agreement, measured].allSatisfy(\.isFinite) }
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

    /// Regions without a forecast, or without a measurement for these sequences, are left out.
    ///
    /// - Parameters:
    ///   - agreement: Dice of the first stage's masks with the final ones.
    ///   - measured: with the study's sequences.
    package static func of(
        _ regions: [TumourRegion: Image], threshold: Float, by forecasts: [TumourRegion: DiceForecast],
        agreement: [TumourRegion: Double], measured: MeasuredDice?
    ) -> [TumourRegion: Double] {
        var found: [TumourRegion: Double] = [:]
        for (region, forecast) in forecasts {
            guard let map = regions[region], let agreement = agreement[region], let measured = measured?.dice[region]
            else { continue }
            let sum: Double =
                forecast.intercept + forecast.soft * soft(map, threshold: threshold) + forecast.agreement * agreement
                + forecast.measured * measured
            found[region] = min(max(sum, 0), 1)
        }
        return found
    }
}
