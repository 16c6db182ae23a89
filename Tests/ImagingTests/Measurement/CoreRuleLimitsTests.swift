import Testing

@testable import Imaging

/// The core rule at its limits: a share just reached, and a voxel just within reach.
struct CoreRuleLimitsTests {
    private static let length = 60

    private func image(_ value: (Int) -> Float) -> Image {
        let grid = Phantom.grid(GridSize(i: Self.length, j: 8, k: 8), axes: [1, 0, 0, 0, 1, 0, 0, 0, 1])
        var image = Image(grid: grid, filledWith: 0)
        for k in 1..<7 { for j in 1..<7 { for i in 0..<Self.length { image[k, j, i] = value(i) } } }
        return image
    }

    /// 48 columns of core, of which 6 enhance, the last at 15.
    private func core(share: Double, reach: Double = 8) throws -> [Float] {
        let regions: [TumourRegion: Image] = [
            .wholeTumour: image { (2..<50).contains($0) ? 0.95 : 0 },
            .tumourCore: image { (2..<50).contains($0) ? 0.9 : 0 },
            .enhancingTumour: image { (10..<16).contains($0) ? 0.9 : 0 },
        ]
        let found = try CoreRule(share: share, shift: 0, reach: reach).applied(to: regions, Enhancement(.segmented))
        let map = try #require(found[.tumourCore])
        return (0..<Self.length).map { map[4, 4, $0] }
    }

    @Test func aShareThatIsJustReachedCounts() throws {
        #expect(try core(share: 0.125)[45] == 0)
        #expect(try core(share: 0.126)[45] == 0.9)
    }

    /// A shift of 0 leaves the probability unchanged, except for rounding.
    @Test func aVoxelAtTheReachIsNear() throws {
        let found = try core(share: 0.1)
        #expect(abs(found[22] - 0.9) < 1e-5 && abs(found[23] - 0.9) < 1e-5 && found[24] == 0)
    }

    @Test func onlySoundNumbersAreARule() {
        #expect(CoreRule(share: 0, shift: -1, reach: 0.1).isValid && CoreRule(share: 1, shift: 0, reach: 9).isValid)
        #expect(
            !CoreRule(share: 1.01, shift: 0, reach: 9).isValid && !CoreRule(share: -0.01, shift: 0, reach: 9).isValid)
        #expect(!CoreRule(share: 0.1, shift: .nan, reach: 9).isValid)
        #expect(
            !CoreRule(share: 0.1, shift: 0, reach: 0).isValid
                && !CoreRule(share: 0.1, shift: 0, reach: .infinity).isValid)
    }
}
