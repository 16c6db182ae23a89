import Testing

@testable import Imaging

/// The thresholds for manual review: values at, just above and just below each.
struct ReviewLinesTests {
    private func reasons(
        brainVolume: Double = 1400, contrasts: [MRISequence: SeriesContrast] = [:],
        comparison: SeriesComparison = SeriesComparison(enhancement: 0.4, likeness: 0.3),
        expectedDice: [TumourRegion: Double] = [:], enhancement: Enhancement? = nil
    ) -> [String] {
        Review(
            atlas: AtlasFit(status: .aligned, fit: 0.95), brainMask: .given, brainVolume: brainVolume,
            contrasts: contrasts, comparison: comparison, hasLesions: true, expectedDice: expectedDice,
            enhancement: enhancement
        ).reasons
    }

    @Test(arguments: [(699.0, 1), (700, 0), (2200, 0), (2201, 1), (2399, 1)])
    func anAdultsBrainHas700To2200Millilitres(_ volume: Double, _ count: Int) {
        #expect(reasons(brainVolume: volume).count == count)
    }

    @Test(arguments: [
        (TumourRegion.wholeTumour, 0.7), (.tumourCore, 0.8), (.enhancingTumour, 0.7),
    ]) func theLineItselfIsGoodEnough(_ region: TumourRegion, _ line: Double) {
        #expect(reasons(expectedDice: [region: line]).isEmpty)
        #expect(reasons(expectedDice: [region: line - 0.01]).count == 1)
        #expect(reasons(expectedDice: [region: line - 0.06]).count == 1)
    }

    @Test(arguments: [(0.19, 0), (0.2, 1), (0.5, 1), (0.75, 1), (0.79, 1), (0.8, 0)])
    func enhancementIsDoubtfulFromAFifthToFourFifths(_ probability: Double, _ count: Int) throws {
        for answer in [Enhancement.Answer.segmented, .none] {
            #expect(reasons(enhancement: Enhancement(answer, probability: probability)).count == count)
        }
        let notes = ReliabilityNote.notes(
            sequences: MRISequence.allCases, brainMask: .given,
            enhancement: Enhancement(.none, probability: probability))
        #expect(try #require(notes.last).isReliable == (count == 0))
    }

    @Test func interchangedSeriesAreTold() {
        func count(_ enhancement: Double, _ likeness: Double) -> Int {
            reasons(comparison: SeriesComparison(enhancement: enhancement, likeness: likeness)).count
        }
        #expect(count(-0.04, 0) == 0)
        #expect(count(-0.05, 0) == 1 && count(-0.04, -0.01) == 1 && count(-0.05, -0.01) == 2)
    }

    @Test func whatNoSeriesOfTheStudyShowsIsUnreliable() throws {
        func note(_ region: TumourRegion, _ sequences: [MRISequence]) throws -> ReliabilityNote {
            try #require(
                ReliabilityNote.notes(sequences: sequences, brainMask: .given).first { $0.region == region })
        }
        #expect(try note(.wholeTumour, [.t2]).note == "Without FLAIR the whole-tumour mask is unreliable.")
        #expect(try note(.wholeTumour, [.flair]).isReliable && !note(.enhancingTumour, [.flair]).isReliable)
        #expect(try note(.tumourCore, [.t1, .t2, .flair]).note == "Without T1CE the tumour-core mask is unreliable.")
    }

    /// Between the package's threshold and half of it the mask is kept: losing it is worse than flagging it.
    @Test(arguments: [(-1.2, Enhancement.Answer.none), (-0.9, .segmented), (-0.7, .segmented)])
    func aQuarterKeepsTheMask(_ intercept: Double, _ answer: Enhancement.Answer) throws {
        let grid = Phantom.grid(GridSize(i: 10, j: 1, k: 1), axes: [10, 0, 0, 0, 10, 0, 0, 0, 5])
        func image(_ values: [Float]) -> Image { Image(grid: grid, values: values) }
        let whole = image([0, 0, 0, 0, 0.9, 0.9, 0.9, 0.9, 0, 0])
        let found = try EnhancementPredictor.answer(
            [.wholeTumour: whole, .tumourCore: whole, .enhancingTumour: image([0, 0, 0, 0, 0, 0, 0.9, 0.8, 0, 0])],
            thresholds: RegionThresholds(),
            in: Study(images: [
                .t1: image([10, 11, 10, 9, 10, 10, 11, 9, 0, 0]), .t1ce: image([10, 11, 10, 9, 10, 10, 30, 30, 0, 0]),
            ]), foreground: LabelMap(grid: grid, values: [1, 1, 1, 1, 1, 1, 1, 1, 0, 0]),
            by: EnhancementPredictor(intercept: intercept, probability: 0, gain: 0))
        #expect(found.answer == answer)
    }

    /// Voxels of half a millilitre: the two most likely decide, regardless of how many others have a low probability.
    @Test func theLikeliestMillilitreDecides() throws {
        let grid = Phantom.grid(GridSize(i: 10, j: 1, k: 1), axes: [10, 0, 0, 0, 10, 0, 0, 0, 5])
        func image(_ values: [Float]) -> Image { Image(grid: grid, values: values) }
        let whole = image([0, 0, 0, 0, 0.9, 0.9, 0.9, 0.9, 0, 0])
        let found = try EnhancementPredictor.answer(
            [
                .wholeTumour: whole, .tumourCore: whole,
                .enhancingTumour: image([0, 0, 0, 0, 0.1, 0.1, 0.9, 0.8, 0, 0]),
            ],
            thresholds: RegionThresholds(), in: Study(images: [.t1: whole, .t1ce: whole]),
            foreground: LabelMap(grid: grid, values: [1, 1, 1, 1, 1, 1, 1, 1, 0, 0]),
            by: EnhancementPredictor(intercept: -2, probability: 4, gain: 0))
        // 4 · 0.85 − 2
        #expect(abs((found.probability ?? 0) - 0.802184) < 1e-5)
    }

    /// T2 alone also shows fluid.
    @Test func eitherFluidSequenceCounts() {
        let predictor = DicePredictor(intercept: 0.5, fluid: 0.25)
        for sequences in [[MRISequence.t2], [.flair], [.t2, .flair]] {
            #expect(predictor.dice(soft: 0, undecided: 0, with: Set(sequences)) == 0.75, "\(sequences)")
        }
        #expect(predictor.dice(soft: 0, undecided: 0, with: [.t1, .t1ce]) == 0.5)
    }

    /// A voxel with a probability equal to the threshold is in the mask.
    @Test func theThresholdItselfIsInTheMask() {
        let grid = Phantom.grid(GridSize(i: 4, j: 1, k: 1), axes: [1, 0, 0, 0, 1, 0, 0, 0, 1])
        let map = Image(grid: grid, values: [0, 0.5, 0, 0])
        #expect(abs(ExpectedDice.soft(map, threshold: 0.5) - 2 * 0.5 / 1.5) < 1e-9)
        let found = ExpectedDice.of(
            [.wholeTumour: map], thresholds: RegionThresholds(), with: [],
            by: [.wholeTumour: DicePredictor(intercept: 0.25)])
        #expect(found == [.wholeTumour: 0.25])
        // 0.1 and 0.9 themselves count as certain.
        let sure = Image(grid: grid, values: [0.1, 0.9, 0.5, 0.95])
        #expect(abs(ExpectedDice.undecided(sure, threshold: 0.5) - 0.333333) < 1e-5)
    }
}
