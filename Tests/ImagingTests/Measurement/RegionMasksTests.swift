import Testing

@testable import Imaging

struct RegionMasksTests {
    private func volumes(_ thresholds: RegionThresholds) throws -> [TumourRegion: Double] {
        let grid = Phantom.grid(GridSize(i: 5, j: 1, k: 1), axes: [1, 0, 0, 0, 1, 0, 0, 0, 1])
        let maps: [TumourRegion: [Float]] = [
            .wholeTumour: [0.2, 0.45, 0.6, 0.9, 0.9], .tumourCore: [0.2, 0.45, 0.45, 0.6, 0.9],
            .enhancingTumour: [0, 0.1, 0.45, 0.45, 0.9],
        ]
        let probabilities = TumourProbabilities(
            regions: maps.mapValues { Image(grid: grid, values: $0) }, gatingWeights: [:], thresholds: thresholds,
            foreground: LabelMap(grid: grid, filledWith: 1), brainMask: .given)
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

    /// Core that is doubtful outside of the whole tumour's mask stays out of the masks.
    @Test func anInnerRegionNeverLeavesTheOuterOne() throws {
        #expect(
            try volumes(RegionThresholds([.tumourCore: 0.4]))
                == [.wholeTumour: 3, .tumourCore: 3, .enhancingTumour: 1])
    }
}
