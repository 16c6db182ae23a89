import Foundation
import Imaging
import Testing

@testable import Imaging

struct LesionMeasurerTests {
    /// A box of ones within a head of 100 × 100 × 100 voxels of 1 × 1 × 2 mm.
    private typealias Box = (lower: [Int], upper: [Int])

    private func lesions(_ boxes: [Box], core: [Box] = [], enhancing: [Box] = []) throws -> [Lesion] {
        let size = GridSize(i: 100, j: 100, k: 50)
        let grid = VoxelGrid(
            size: size, affine: VoxelAffine(spacing: [1, 1, 2], origin: PatientPoint(x: -49.5, y: -49.5, z: -49)))
        func map(_ boxes: [Box]) -> Image {
            var map = Image(grid: grid, filledWith: 0.1)
            for box in boxes {
                for k in box.lower[2]..<box.upper[2] {
                    for j in box.lower[1]..<box.upper[1] {
                        for i in box.lower[0]..<box.upper[0] { map[k, j, i] = 0.75 }
                    }
                }
            }
            return map
        }
        let probabilities = TumourProbabilities(
            regions: [.wholeTumour: map(boxes), .tumourCore: map(core), .enhancingTumour: map(enhancing)],
            gatingWeights: [:],
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

    /// The whole is 41 × 21 voxels in the plane; its core has two parts, the larger with two enhancing foci and a
    /// speck.
    @Test func everyRegionOfALesionIsMeasuredApart() throws {
        let core: [Box] = [([45, 40, 20], [60, 50, 24]), ([70, 40, 20], [76, 46, 22])]
        let enhancing: [Box] = [
            ([45, 40, 20], [52, 46, 22]), ([55, 40, 20], [60, 45, 21]), ([58, 48, 23], [60, 50, 24]),
        ]
        let lesion = try #require(
            try lesions([([40, 35, 18], [81, 56, 26])], core: core, enhancing: enhancing).first)
        let whole = try #require(lesion.measurement(of: .wholeTumour))
        #expect(whole.parts == [41 * 21 * 8 * 2] && whole.volume == whole.parts[0])
        #expect(whole.diameters?.maximum == lesion.maximumDiameter && whole.diameters?.axial == lesion.axialDiameter)
        let inner = try #require(lesion.measurement(of: .tumourCore))
        #expect(inner.parts == [15 * 10 * 4 * 2, 6 * 6 * 2 * 2] && inner.volume == 1344)
        #expect(inner.diameters.map { abs($0.axial - (196.0 + 81).squareRoot()) < 1e-9 } == true)
        #expect(inner.diameters.map { $0.product == $0.axial * $0.perpendicular } == true)
        let foci = try #require(lesion.measurement(of: .enhancingTumour))
        #expect(foci.parts == [7 * 6 * 2 * 2, 5 * 5 * 2] && foci.volume == 226)
        #expect(foci.diameters.map { abs($0.axial - (36.0 + 25).squareRoot()) < 1e-9 } == true)
        #expect(lesion.volumes == [.wholeTumour: whole.volume, .tumourCore: 1344, .enhancingTumour: 226])
        var list = FindingList()
        list.add(lesions: [lesion])
        func quantities(_ kind: Finding.Kind, _ region: TumourRegion) -> [Double?] {
            list.findings.filter { $0.kind == kind && $0.region == region && $0.lesion == 1 }.map(\.quantity)
        }
        #expect(quantities(.partCount, .tumourCore) == [2] && quantities(.partCount, .enhancingTumour) == [2])
        #expect(quantities(.partVolume, .tumourCore) == [1200, 144])
        for region in TumourRegion.allCases {
            #expect(quantities(.axialDiameter, region) == [lesion.measurement(of: region)?.diameters?.axial])
        }
        #expect(list.findings.filter { $0.kind == .partCount && $0.lesion == nil }.map(\.quantity) == [2, 2])
    }

    @Test func partsBelongToTheLesionThatHoldsThem() throws {
        let boxes: [Box] = [([5, 5, 5], [25, 25, 10]), ([60, 40, 20], [70, 50, 26])]
        let found = try lesions(boxes, core: [([62, 42, 20], [68, 48, 24])])
        #expect(found.map { $0.measurement(of: .tumourCore)?.parts } == [[], [288]])
        #expect(found[0].measurement(of: .tumourCore)?.diameters == nil)
        #expect(found.map { $0.measurement(of: .enhancingTumour)?.parts } == [[], []])
    }

    /// As stored by version 2.4.
    @Test func aLesionOfAnEarlierVersionHasTheWholeAlone() throws {
        let json = """
            {"number": 1, "volumes": {"whole_tumor": 1000, "tumor_core": 500}, "confidence": 0.9, "maximumDiameter": 30,
            "axialDiameter": 25, "perpendicularDiameter": 20, "bidimensionalProduct": 500,
            "centre": {"x": 0, "y": 0, "z": 0}, "side": "left", "locations": [], "touchesMidline": false}
            """
        let lesion = try JSONDecoder().decode(Lesion.self, from: Data(json.utf8))
        let diameters = RegionMeasurement.Diameters(maximum: 30, axial: 25, perpendicular: 20)
        #expect(lesion.measurement(of: .wholeTumour)?.diameters == diameters)
        #expect(lesion.measurement(of: .tumourCore) == nil)
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

    /// A product without one axis would give 6, 10 or 15 mm³ per voxel; one from the diagonal of a rotated affine,
    /// less.
    @Test(arguments: [[2.0, 3, 5], [5, 2, 3], [3, 5, 2]], [0.0, 0.6]) func aVolumeCountsTheSpacingOfEveryAxis(
        spacing: [Double], turn: Double
    ) throws {
        let (c, s) = (cos(turn), sin(turn))
        // The first axis runs to the left, so the affine is also left-handed.
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
