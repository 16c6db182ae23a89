import Foundation
import Imaging
import Testing

@testable import Imaging

struct LesionMeasurerTests {
    /// A box of ones within a head of 100 × 100 × 100 voxels of 1 × 1 × 2 mm.
    private func lesions(_ boxes: [(lower: [Int], upper: [Int])]) throws -> [Lesion] {
        let size = GridSize(i: 100, j: 100, k: 50)
        let grid = VoxelGrid(
            size: size, affine: VoxelAffine(spacing: [1, 1, 2], origin: PatientPoint(x: -49.5, y: -49.5, z: -49)))
        var map = Image(grid: grid, filledWith: 0.1)
        for box in boxes {
            for k in box.lower[2]..<box.upper[2] {
                for j in box.lower[1]..<box.upper[1] { for i in box.lower[0]..<box.upper[0] { map[k, j, i] = 0.75 } }
            }
        }
        let empty = Image(grid: grid, filledWith: 0)
        let probabilities = TumourProbabilities(
            regions: [.wholeTumour: map, .tumourCore: empty, .enhancingTumour: empty], gatingWeights: [:],
            thresholds: RegionThresholds(), foreground: LabelMap(grid: grid, filledWith: 1), brainMask: .given)
        return try LesionMeasurer(probabilities, RegionMasks(probabilities, on: grid)).lesions()
    }

    @Test func aBoxHasItsDiametersAndPlace() throws {
        let lesion = try #require(try lesions([([60, 40, 20], [81, 51, 26])]).first)
        #expect(abs((lesion.volumes[.wholeTumour] ?? 0) - 21 * 11 * 6 * 2) < 1e-6)
        #expect(lesion.side == .right)
        #expect(abs(lesion.maximumDiameter - (400.0 + 100 + 100).squareRoot()) < 1e-9)
        #expect(abs(lesion.axialDiameter - (400.0 + 100).squareRoot()) < 1e-9)
        #expect(lesion.perpendicularDiameter > 8 && lesion.perpendicularDiameter < 13)
        #expect(lesion.bidimensionalProduct == lesion.axialDiameter * lesion.perpendicularDiameter)
        #expect(abs(lesion.confidence - 0.75) < 1e-6)
        #expect(lesion.centre.distance(to: PatientPoint(x: 20.5, y: -4.5, z: -4)) < 1e-6)
        #expect(!lesion.touchesMidline)
        #expect(lesion.touchesCortex == false)
    }

    @Test func lesionsAreNumberedBySizeAndSpecksLeftOut() throws {
        let found = try lesions([
            ([5, 5, 5], [15, 15, 10]), ([60, 40, 20], [81, 51, 26]), ([90, 90, 40], [92, 92, 42]),
        ])
        #expect(found.map(\.number) == [1, 2])
        #expect(found[0].side == .right && found[1].side == .left)
    }

    @Test func contactsAreFound() throws {
        let middle = try #require(try lesions([([45, 40, 20], [56, 51, 26])]).first)
        #expect(middle.side == .midline && middle.touchesMidline)
        let edge = try #require(try lesions([([90, 40, 20], [99, 51, 26])]).first)
        #expect(edge.touchesCortex == true)
    }

    /// A product that leaves one axis out would give 6, 10 or 15 mm³ a voxel; one that takes a diagonal of a turned affine, less.
    @Test(arguments: [[2.0, 3, 5], [5, 2, 3], [3, 5, 2]], [0.0, 0.6]) func aVolumeCountsTheSpacingOfEveryAxis(
        spacing: [Double], turn: Double
    ) throws {
        let (c, s) = (cos(turn), sin(turn))
        // The first axis runs to the left, so that the affine is left-handed as well.
        let affine = VoxelAffine(rows: [
            -c * spacing[0], -s * spacing[1], 0, 10, s * -spacing[0], c * spacing[1], 0, 20, 0, 0, spacing[2], 30,
        ])
        let grid = VoxelGrid(size: GridSize(i: 12, j: 12, k: 12), affine: affine)
        var map = Image(grid: grid, filledWith: 0.1)
        for k in 1..<11 { for j in 1..<11 { for i in 1..<11 { map[k, j, i] = 0.9 } } }
        let probabilities = TumourProbabilities(
            regions: [.wholeTumour: map, .tumourCore: map, .enhancingTumour: map], gatingWeights: [:],
            thresholds: RegionThresholds(),
            foreground: LabelMap(grid: grid, filledWith: 1), brainMask: .given)
        let masks = try RegionMasks(probabilities, on: grid)
        #expect(abs((masks.volumes[.wholeTumour] ?? 0) - 30_000) < 1e-6)
        let lesion = try #require(try LesionMeasurer(probabilities, masks).lesions().first)
        #expect(abs((lesion.volumes[.wholeTumour] ?? 0) - 30_000) < 1e-6)
    }

    @Test func nothingIsNoLesion() throws {
        #expect(try lesions([]).isEmpty)
    }

    @Test func diceCountsBothMasks() {
        let grid = VoxelGrid(
            size: GridSize(i: 4, j: 1, k: 1), affine: VoxelAffine(spacing: [1, 1, 1], origin: .origin))
        let first = LabelMap(grid: grid, values: [1, 1, 0, 0])
        #expect(Agreement.dice(first, LabelMap(grid: grid, values: [0, 1, 1, 1])) == 0.4)
        #expect(Agreement.dice(first, LabelMap(grid: grid, filledWith: 0)) == 0)
        #expect(Agreement.dice(LabelMap(grid: grid, filledWith: 0), LabelMap(grid: grid, filledWith: 0)) == 1)
    }
}
