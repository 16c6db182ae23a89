import Foundation
import Testing

@testable import Imaging

/// A series with the head at another position, or another head, without any trace in its header.
struct SeriesOverlayCheckTests {
    private static let sound = SeriesPhantom()

    @Test func seriesOfOneHeadRaiseNoDoubt() throws {
        let overlay = try Self.sound.overlay()
        #expect(overlay.pairs.count == 6)
        #expect(overlay.misplaced.isEmpty && overlay.warnings.isEmpty, "\(overlay.pairs)")
        #expect(try Self.sound.only([.t1, .flair]).overlay().warnings.isEmpty)
        #expect(try Self.sound.only([.t2]).overlay().pairs.isEmpty)
    }

    @Test(arguments: MRISequence.allCases) func theMirroredOneIsNamed(_ sequence: MRISequence) throws {
        var study = Self.sound
        study.change(sequence) { $0.mirrored() }
        let overlay = try study.overlay()
        #expect(overlay.misplaced == [sequence], "\(overlay.pairs)")
        #expect(overlay.warnings.count == 1)
        #expect(overlay.warnings.first?.hasPrefix("\(sequence.displayName) does not overlay") == true)
        #expect(overlay.warnings.first?.contains("may be mirrored") == true)
    }

    @Test(arguments: MRISequence.allCases) func theShiftedOneIsNamed(_ sequence: MRISequence) throws {
        for voxels in [[3, 2, 0], [0, 0, 2], [-7, 0, 0]] {
            var study = Self.sound
            study.change(sequence) { $0.moved(voxels) }
            let overlay = try study.overlay()
            #expect(overlay.misplaced == [sequence], "\(voxels): \(overlay.pairs)")
            #expect(overlay.warnings.first?.contains("shifted") == true)
        }
    }

    @Test(arguments: MRISequence.allCases) func anotherPatientsIsNamed(_ sequence: MRISequence) throws {
        var study = Self.sound
        study.images[sequence] = SeriesPhantom(patient: 2).images[sequence]
        let overlay = try study.overlay()
        #expect(overlay.misplaced == [sequence], "\(overlay.pairs)")
    }

    /// z-scores within the brain and 0 around it, which also occurs within the brain.
    @Test func aBackgroundAmongTheBrainsValuesRaisesNoDoubt() throws {
        for sequences in [[MRISequence.t1ce], MRISequence.allCases] {
            var study = Self.sound
            for sequence in sequences {
                study.change(sequence) { image in
                    let brain = image.values.filter { $0 != 0 }.sorted()
                    var scored = image
                    for index in image.values.indices where image.values[index] != 0 {
                        scored.values[index] -= brain[brain.count / 2] + 0.001
                    }
                    return scored
                }
            }
            let overlay = try study.overlay()
            #expect(overlay.warnings.isEmpty, "\(overlay.pairs)")
        }
    }

    @Test(arguments: MRISequence.allCases) func theSeriesWithItsSkullIsNamed(_ sequence: MRISequence) throws {
        #expect(try SeriesLattice(Self.sound.study).strippingDoubts(.given).isEmpty)
        var study = Self.sound
        study.change(sequence) { image in
            var head = image
            for index in head.values.indices {
                let (i, j, k) = (index % 50, index / 50 % 60, index / 3000)
                let (x, y, z) = (Float(i) - 24.5, Float(j) - 29.5, Float(k) - 22.5)
                let radius = x * x / 500 + y * y / 740 + z * z / 400
                if radius > 1.1 && radius < 1.5 { head.values[index] = 80 + Float(index % 7) }
            }
            return head
        }
        let warnings = try SeriesLattice(study.study).strippingDoubts(.given)
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("\(sequence.displayName) shows tissue outside the brain") == true)
        #expect(try SeriesLattice(study.study).strippingDoubts(.found).isEmpty)
        // A slab shows less than the others, which is no reason for review.
        var slab = Self.sound
        slab.change(sequence) { $0.cropped(to: VoxelBox(lower: [0, 0, 12], size: GridSize(i: 50, j: 60, k: 22))) }
        #expect(try SeriesLattice(slab.study).strippingDoubts(.given).isEmpty)
    }

    @Test func ofTwoSeriesBothAreNamed() throws {
        var study = Self.sound.only([.t1ce, .flair])
        study.change(.flair) { $0.mirrored() }
        let overlay = try study.overlay()
        #expect(overlay.misplaced == [.t1ce, .flair])
        #expect(overlay.warnings == ["T1CE and FLAIR do not overlay each other: one of them may be mirrored."])
    }

    @Test func aSlabThatOverlaysRaisesNoDoubt() throws {
        var study = Self.sound
        study.change(.flair) { image in
            var slab = image
            for index in slab.values.indices where index / (50 * 60) < 18 { slab.values[index] = 0 }
            return slab
        }
        #expect(try study.overlay().warnings.isEmpty)
    }

    /// The rule alone: fine detail may agree, but better if mirrored.
    @Test func detailThatAgreesBetterInTheMirrorIsNamed() {
        let overlay = SeriesOverlayCheck(pairs: [
            SeriesPair(.t1, .t1ce, sharpness: 6, handedness: 2),
            SeriesPair(.t1, .flair, sharpness: 3, handedness: 0.6),
            SeriesPair(.t1ce, .flair, sharpness: 3, handedness: 0.6),
        ])
        #expect(overlay.misplaced == [.flair])
        #expect(overlay.warnings == ["FLAIR does not overlay T1 and T1CE: it may be mirrored."])
    }

    /// The rule alone, with the values of a study whose T2 is another patient's, with one pair that passes by chance.
    @Test func onePairThatPassesByChanceHidesNothing() {
        func pair(_ first: MRISequence, _ second: MRISequence, _ sharpness: Double) -> SeriesPair {
            SeriesPair(first, second, sharpness: sharpness, handedness: 2)
        }
        let overlay = SeriesOverlayCheck(pairs: [
            pair(.t1, .t1ce, 6), pair(.t1, .t2, 1.1), pair(.t1, .flair, 3), pair(.t1ce, .t2, 1.6),
            pair(.t1ce, .flair, 3), pair(.t2, .flair, 0.9),
        ])
        #expect(overlay.misplaced == [.t2])
        #expect(SeriesOverlayCheck(pairs: []).misplaced.isEmpty)
    }

    /// Two series overlay each other if both limits are reached (docs/decisions/0220).
    @Test(arguments: [(1.5, 1.0, true), (1.49, 1.0, false), (1.5, 0.99, false)])
    func bothMeasuresReachTheirLimit(_ sharpness: Double, _ handedness: Double, _ isOverlay: Bool) {
        let pair = SeriesPair(.t1, .flair, sharpness: sharpness, handedness: handedness)
        #expect((pair.margin >= 1) == isOverlay)
        #expect(!pair.isMirrored)
        #expect(SeriesPair(.t1, .flair, sharpness: sharpness, handedness: 0.69).isMirrored)
    }
}
