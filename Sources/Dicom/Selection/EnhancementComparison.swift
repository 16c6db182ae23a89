/// Which of two T1 series with equal parameters was acquired after contrast agent, from their intensities: vessels,
/// mucosa and lesions are brighter, and next to nothing is darker.
///
/// On 48 pairs of T1 and T1CE (BraTS), 44 are told apart so, 4 are left undecided and none is mistaken
/// (docs/decisions/0271).
struct EnhancementComparison {
    /// The shares of voxels that are brighter, and darker, in the second series.
    let brighter: Double
    let darker: Double

    /// In medians of the head.
    private static let difference: Float = 0.4
    private static let requiredFactor = 1.5
    private static let requiredShare = 0.01
    private static let samples = 200_000

    /// - Parameters: volumes on equal grids.
    init?(_ first: SeriesVolume, _ second: SeriesVolume) {
        guard first.grid == second.grid, first.values.count == second.values.count,
            let floors = Self.floor(first.values).flatMap({ one in Self.floor(second.values).map { (one, $0) } })
        else { return nil }
        // An odd step, so that samples do not keep to one column.
        let step = max(1, first.values.count / Self.samples) | 1
        let pairs = stride(from: 0, to: first.values.count, by: step).compactMap { place -> (Float, Float)? in
            let pair = (first.values[place], second.values[place])
            return pair.0 > floors.0 && pair.1 > floors.1 ? pair : nil
        }
        guard pairs.count > 1000 else { return nil }
        let medians = (Self.median(pairs.map(\.0)), Self.median(pairs.map(\.1)))
        let changes = pairs.map { $0.1 / medians.1 - $0.0 / medians.0 }
        brighter = Double(changes.count { $0 > Self.difference }) / Double(changes.count)
        darker = Double(changes.count { $0 < -Self.difference }) / Double(changes.count)
    }

    /// Whether the second series is the later one; `nil` if that is not clear.
    var isSecondEnhanced: Bool? {
        if brighter >= Self.requiredShare, brighter >= Self.requiredFactor * darker { return true }
        if darker >= Self.requiredShare, darker >= Self.requiredFactor * brighter { return false }
        return nil
    }

    /// Above which a voxel belongs to the head: a third of the mean of what is not 0.
    private static func floor(_ values: [Float]) -> Float? {
        var sum = 0.0
        var count = 0.0
        for value in values where value > 0 {
            sum += Double(value)
            count += 1
        }
        return count > 0 ? Float(sum / count * 0.3) : nil
    }

    private static func median(_ values: [Float]) -> Float { values.sorted()[values.count / 2] }
}
