import Testing

@testable import Imaging

/// The minimum sizes, distances and shares for a lesion's findings.
struct MeasurementLimitsTests {
    private static let size = GridSize(i: 100, j: 60, k: 30)
    private static let grid = VoxelGrid(
        size: size, affine: VoxelAffine(spacing: [1, 1, 2], origin: PatientPoint(x: -49.5, y: -29.5, z: -29)))

    /// The lesions of these boxes of whole tumour; the plane x = 0 is between voxels 49 and 50.
    private func lesions(_ boxes: [(lower: [Int], upper: [Int])]) throws -> [Lesion] {
        var map = Image(grid: Self.grid, filledWith: 0.1)
        for box in boxes {
            for k in box.lower[2]..<box.upper[2] {
                for j in box.lower[1]..<box.upper[1] { for i in box.lower[0]..<box.upper[0] { map[k, j, i] = 0.75 } }
            }
        }
        let none = Image(grid: Self.grid, filledWith: 0)
        let probabilities = TumourProbabilities(
            regions: [.wholeTumour: map, .tumourCore: none, .enhancingTumour: none], gatingWeights: [:],
            thresholds: RegionThresholds(), foreground: LabelMap(grid: Self.grid, filledWith: 1), brainMask: .given)
        return try LesionMeasurer(probabilities, RegionMasks(probabilities, on: Self.grid)).lesions()
    }

    /// Voxels of 2 mm³: 25 of them are 50 mm³.
    @Test func aLesionHasFiftyCubicMillimetres() throws {
        #expect(try lesions([([20, 20, 10], [25, 25, 11])]).map { $0.volumes[.wholeTumour] } == [50])
        #expect(try lesions([([20, 20, 10], [28, 23, 11])]).isEmpty)
    }

    @Test(arguments: [(1.0, 50), (2, 25), (3, 17), (7, 8), (49, 2), (50, 1), (51, 1), (400, 1)])
    func theLeastNumberOfVoxelsIsRoundedUp(_ volume: Double, _ voxels: Int) {
        let grid = VoxelGrid(size: Self.size, affine: VoxelAffine(spacing: [1, 1, volume], origin: .origin))
        #expect(LesionMeasurer.minimumVoxels(on: grid) == voxels)
    }

    /// A lesion with a quarter of its volume on the other side counts as on both sides.
    @Test func aQuarterOnTheOtherSideIsBothSides() throws {
        func side(_ from: Int, _ to: Int) throws -> Lesion.Side? {
            try lesions([([from, 20, 10], [to, 30, 15])]).first?.side
        }
        #expect(try side(48, 56) == .midline)
        #expect(try side(48, 58) == .right)
        #expect(try side(44, 52) == .midline)
        #expect(try side(42, 52) == .left)
        #expect(try side(50, 58) == .right && side(42, 50) == .left)
    }

    /// The centre of the nearest voxel is 1.5 or 2.5 mm from the plane.
    @Test func theMidlineIsReachedWithinTwoMillimetres() throws {
        for (from, to, touches) in [(51, 60, true), (52, 60, false), (40, 49, true), (40, 48, false)] {
            let lesion = try #require(try lesions([([from, 20, 10], [to, 30, 15])]).first)
            #expect(lesion.touchesMidline == touches, "\(from)..<\(to)")
        }
    }

    /// The voxels at the edge of the image form the surface.
    @Test func theCortexIsReachedWithinThreeMillimetres() throws {
        let contacts = try (0..<6).map { edge in
            try #require(try lesions([([70, edge, 10], [80, 20, 15])]).first).touchesCortex
        }
        #expect(contacts == [true, true, true, true, false, false])
    }

    /// Part of the lesion is outside all named structures: shares refer to the whole lesion.
    @Test func findingsSayWhatWasMeasured() {
        func lesion(midline: Bool, cortex: Bool?) -> Lesion {
            Lesion(
                number: 1, volumes: [.wholeTumour: 1000], confidence: 0.9, maximumDiameter: 20, axialDiameter: 18,
                perpendicularDiameter: 10, bidimensionalProduct: 180, centre: .origin, side: .left,
                locations: [LesionLocation(structure: .insula, share: 0.25)], touchesMidline: midline,
                touchesCortex: cortex)
        }
        func terms(_ lesion: Lesion, _ kind: Finding.Kind) -> [String?] {
            var list = FindingList()
            list.add(lesions: [lesion])
            return list.findings.filter { $0.kind == kind }.map(\.term)
        }
        #expect(terms(lesion(midline: true, cortex: false), .midlineContact) == ["yes"])
        #expect(terms(lesion(midline: false, cortex: true), .midlineContact) == ["no"])
        #expect(terms(lesion(midline: true, cortex: false), .cortexContact) == ["no"])
        #expect(terms(lesion(midline: true, cortex: true), .cortexContact) == ["yes"])
        // Without a brain mask the surface is unknown.
        #expect(terms(lesion(midline: true, cortex: nil), .cortexContact).isEmpty)
        #expect(terms(lesion(midline: true, cortex: nil), .side) == ["left"])
    }

    @Test func textsStateTheSameLimits() {
        #expect(MeasurementLimits.minimumVolumeText == "0.05 ml" && MeasurementLimits.cortexReachText == "3 mm")
    }
}
