import Testing

@testable import Imaging

struct RegionMasksTests {
    private func volumes(
        _ thresholds: RegionThresholds, enhancement: Enhancement? = nil
    ) throws -> [TumourRegion: Double] {
        let grid = Phantom.grid(GridSize(i: 5, j: 1, k: 1), axes: [1, 0, 0, 0, 1, 0, 0, 0, 1])
        let maps: [TumourRegion: [Float]] = [
            .wholeTumour: [0.2, 0.45, 0.6, 0.9, 0.9], .tumourCore: [0.2, 0.45, 0.45, 0.6, 0.9],
            .enhancingTumour: [0, 0.1, 0.45, 0.45, 0.9],
        ]
        let probabilities = TumourProbabilities(
            regions: maps.mapValues { Image(grid: grid, values: $0) }, gatingWeights: [:], thresholds: thresholds,
            foreground: LabelMap(grid: grid, filledWith: 1), brainMask: .given, enhancement: enhancement)
        return try RegionMasks(probabilities, on: grid).volumes
    }

    @Test func halfIsEnoughWhereThePackageStatesNothing() throws {
        #expect(try volumes(RegionThresholds()) == [.wholeTumour: 3, .tumourCore: 2, .enhancingTumour: 1])
    }

    @Test func everyRegionHasItsOwnThreshold() throws {
        #expect(
            try volumes(RegionThresholds([.enhancingTumour: 0.4]))
                == [.wholeTumour: 3, .tumourCore: 2, .enhancingTumour: 2])
    }

    @Test(arguments: [Enhancement.Answer.none, .notAssessed])
    func whereNothingEnhancesAllOfItIsCore(_ answer: Enhancement.Answer) throws {
        #expect(
            try volumes(RegionThresholds(), enhancement: Enhancement(answer))
                == [.wholeTumour: 3, .tumourCore: 2, .enhancingTumour: 0])
        #expect(try volumes(RegionThresholds(), enhancement: Enhancement(.segmented))[.enhancingTumour] == 1)
    }

    /// Whole tumour and lesions are then the same voxels: a report once had 201.8 and 201.7 ml for one tumour.
    @Test func specksAreNoTumour() throws {
        let grid = Phantom.grid(GridSize(i: 20, j: 10, k: 10), axes: [1, 0, 0, 0, 1, 0, 0, 0, 1])
        var map = Image(grid: grid, filledWith: 0)
        for k in 2..<6 { for j in 2..<6 { for i in 2..<7 { map[k, j, i] = 0.9 } } }
        for i in 12..<17 { map[5, 5, i] = 0.9 }
        let probabilities = TumourProbabilities(
            regions: [.wholeTumour: map, .tumourCore: map, .enhancingTumour: map], gatingWeights: [:],
            thresholds: RegionThresholds(), foreground: LabelMap(grid: grid, filledWith: 1), brainMask: .given)
        let masks = try RegionMasks(probabilities, on: grid)
        #expect(masks.volumes[.wholeTumour] == 85)
        let kept = try masks.withoutSpecks()
        #expect(kept.volumes == [.wholeTumour: 80, .tumourCore: 80, .enhancingTumour: 80])
        let lesions = try LesionMeasurer(probabilities, kept).lesions()
        #expect(lesions.reduce(0) { $0 + ($1.volumes[.wholeTumour] ?? 0) } == 80)
    }

    /// Uncertain core outside the whole tumour's mask is excluded from the masks.
    @Test func anInnerRegionNeverLeavesTheOuterOne() throws {
        #expect(
            try volumes(RegionThresholds([.tumourCore: 0.4]))
                == [.wholeTumour: 3, .tumourCore: 3, .enhancingTumour: 1])
    }

    /// Packages name regions by their abbreviations.
    @Test func anAbbreviationIsItsRegionsAlone() {
        for region in TumourRegion.allCases { #expect(TumourRegion(abbreviation: region.abbreviation) == region) }
        #expect(TumourRegion(abbreviation: "XX") == nil)
    }
}
