import Testing

@testable import Imaging

/// Rows of 1 mm voxels through a tumour: enhancement, and core of varying certainty near to it and far from it.
struct CoreRuleTests {
    private let rule = CoreRule(share: 0.1, shift: 1.253, reach: 8)
    private static let length = 60

    /// Three rows thick, so that the enhancement is large enough to count.
    private func image(_ value: (Int) -> Float) -> Image {
        let grid = Phantom.grid(GridSize(i: Self.length, j: 8, k: 8), axes: [1, 0, 0, 0, 1, 0, 0, 0, 1])
        var image = Image(grid: grid, filledWith: 0)
        for k in 1..<7 { for j in 1..<7 { for i in 0..<Self.length { image[k, j, i] = value(i) } } }
        return image
    }

    private func core(
        enhancing: @escaping (Int) -> Float = { (10..<16).contains($0) ? 0.9 : 0 },
        _ answer: Enhancement.Answer = .segmented
    ) throws -> [Float] {
        let regions: [TumourRegion: Image] = [
            .wholeTumour: image { (2..<50).contains($0) ? 0.95 : 0 },
            .tumourCore: image {
                (2..<30).contains($0) ? ($0 % 2 == 0 ? 0.9 : 0.55) : (30..<50).contains($0) ? 0.9 : 0
            },
            .enhancingTumour: image(enhancing),
        ]
        let found = try rule.applied(to: regions, Enhancement(answer))
        for region in [TumourRegion.wholeTumour, .enhancingTumour] {
            #expect(found[region]?.values == regions[region]?.values)
        }
        let map = try #require(found[.tumourCore])
        return (0..<Self.length).map { map[4, 4, $0] }
    }

    @Test func coreFarFromEnhancementIsNone() throws {
        let found = try core()
        // The last enhancing voxel is 15.
        #expect(found[22] > 0.6 && found[24] == 0 && found[45] == 0)
    }

    @Test func doubtfulCoreNearEnhancementFallsBelowTheThresholdAndSureCoreDoesNot() throws {
        let found = try core()
        #expect(found[21] < 0.3 && found[21] > 0.2)
        #expect(found[20] > 0.6)
        // Enhancing voxels stay core.
        #expect(found[10] == 0.9)
    }

    @Test func littleEnhancementChangesNothing() throws {
        let unchanged = try core { _ in 0 }
        #expect(unchanged[45] == 0.9 && unchanged[21] == 0.55)
        // 5 of 48 columns of core enhance: a tenth. 4 are less.
        #expect(try core { (10..<14).contains($0) ? 0.9 : 0 }[45] == 0.9)
        #expect(try core(.none)[45] == 0.9)
        #expect(try core(.notAssessed)[45] == 0.9)
    }

    @Test func whatIsEnclosedIsNear() throws {
        let near = CoreRule(share: 0.1, shift: 1.253, reach: 4)
        let map = try #require(near.applied(to: shell(), Enhancement(.segmented))[.tumourCore])
        #expect(map[20, 20, 20] > 0.6 && map[20, 20, 4] == 0)
    }

    /// A shell around necrosis, and core beyond it.
    private func shell() -> [TumourRegion: Image] {
        let grid = Phantom.grid(GridSize(i: 41, j: 41, k: 41), axes: [1, 0, 0, 0, 1, 0, 0, 0, 1])
        var whole = Image(grid: grid, filledWith: 0)
        var enhancing = whole
        for k in 4..<37 {
            for j in 4..<37 {
                for i in 4..<37 {
                    whole[k, j, i] = 0.9
                    let distance = max(abs(k - 20), abs(j - 20), abs(i - 20))
                    if (9...10).contains(distance) { enhancing[k, j, i] = 0.9 }
                }
            }
        }
        return [.wholeTumour: whole, .tumourCore: whole, .enhancingTumour: enhancing]
    }

    /// The same numbers as `training/tests/test_core.py`.
    @Test func theShiftLowersLogOdds() throws {
        #expect(abs(try core()[16] - 0.719953) < 1e-5)
    }
}
