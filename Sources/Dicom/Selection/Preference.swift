/// The order in which series of one sequence are preferred: original, whole brain, thin slices, axial, many pixels, late.
struct Preference: Comparable {
    private let isDerived: Bool
    private let isPartial: Bool
    /// The larger of pixel and slice spacing in steps of a quarter, so that small differences do not decide.
    private let coarseness: Int
    private let isAxial: Bool
    private let pixels: Int
    private let time: String
    private let number: Int
    private let description: String

    /// mm along the normal that contain the cerebrum.
    private static let brain = 90.0

    init(_ series: AssembledSeries, _ guess: SequenceGuess, _ grid: LPSGrid) {
        isDerived = guess.isDerived
        let extents = [Double(grid.columns), Double(grid.rows), Double(grid.slices)]
        isPartial = zip(extents, grid.spacing).contains { $0 * $1 < Self.brain }
        let largest = grid.spacing.max() ?? 1
        coarseness = (largest * 4).whole
        let normal = grid.stepI.cross(grid.stepJ)
        isAxial = abs(normal.z) > 0.7 * normal.length
        pixels = grid.columns * grid.rows
        time = series.attributes.acquisitionTime ?? ""
        number = series.attributes.seriesNumber ?? 0
        description = series.attributes.seriesDescription ?? ""
    }

    static func < (left: Preference, right: Preference) -> Bool {
        if left.isDerived != right.isDerived { return right.isDerived }
        if left.isPartial != right.isPartial { return right.isPartial }
        if left.coarseness != right.coarseness { return left.coarseness < right.coarseness }
        if left.isAxial != right.isAxial { return left.isAxial }
        if left.pixels != right.pixels { return left.pixels > right.pixels }
        // A series is repeated because the first attempt was not good enough.
        if left.time != right.time { return left.time > right.time }
        return left.number > right.number
    }

    /// Why this one is preferred, as the end of a sentence that names it.
    func advantage(over other: Preference) -> String {
        if isDerived != other.isDerived { return "is the original" }
        if isPartial != other.isPartial { return "contains the whole brain" }
        if coarseness != other.coarseness { return "has smaller voxels" }
        if isAxial != other.isAxial { return "is axial" }
        if pixels != other.pixels { return "has more pixels" }
        return "was acquired later"
    }

    func isEqualInQuality(to other: Preference) -> Bool {
        isDerived == other.isDerived && isPartial == other.isPartial && coarseness == other.coarseness
            && isAxial == other.isAxial && pixels == other.pixels && description == other.description
    }
}
