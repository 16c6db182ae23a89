import Foundation
import Testing

@testable import Features
@testable import Imaging

/// The check never contradicts a draft that nobody has edited, and never calls what it states unmeasured.
struct DraftAgreementTests {
    /// All combinations of series.
    private static let series: [[MRISequence]] = (1..<16).map { bits in
        MRISequence.allCases.enumerated().filter { bits & 1 << $0.offset != 0 }.map(\.element)
    }

    @Test(arguments: 0...4) func whatTheComposerWritesPassesBothChecks(_ lesions: Int) {
        var drafts = 0
        for sequences in Self.series {
            for seed in 0..<12 {
                var study = DraftStudy(sequences, lesions: lesions, seed: UInt64(seed * 1000 + sequences.count))
                let result = study.result()
                let draft = ReportComposer.compose(result)
                let faults = draft.faults(against: result.structuredFindings)
                let remarks = ReportRemark.remarks(on: draft.text, result.structuredFindings)
                #expect(faults == [], "\(draft.text)")
                #expect(remarks == [], "\(draft.text)")
                drafts += 1
            }
        }
        #expect(drafts == 15 * 12)
    }

    /// A user who deletes the citations has the same draft.
    @Test(arguments: 0...4) func aDraftWithoutCitationsIsNotContradicted(_ lesions: Int) {
        for sequences in Self.series {
            for seed in 0..<4 {
                var study = DraftStudy(sequences, lesions: lesions, seed: UInt64(seed * 1000 + sequences.count))
                let result = study.result()
                let text = ReportComposer.compose(result).text.replacing(#/ \[F[^\]]*\]/#, with: "")
                #expect(ReportRemark.remarks(on: text, result.structuredFindings) == [], "\(text)")
            }
        }
    }
}

/// A study made of pseudo-random findings.
private struct DraftStudy {
    private let sequences: [MRISequence]
    private let count: Int
    private var state: UInt64

    init(_ sequences: [MRISequence], lesions: Int, seed: UInt64) {
        self.sequences = sequences
        count = lesions
        state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    }

    /// xorshift64
    private mutating func below(_ limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(limit))
    }

    private mutating func isTrue() -> Bool { below(2) == 0 }

    private mutating func enhancement() -> Enhancement? {
        guard sequences.contains(.t1ce) else { return Enhancement(.notAssessed) }
        switch below(5) {
        case 0: return nil
        case 1: return Enhancement(.none, probability: [0.05, 0.4][below(2)])
        case 2: return Enhancement(.none)
        default: return Enhancement(.segmented, probability: 0.9)
        }
    }

    private mutating func diameters(_ volume: Double) -> RegionMeasurement.Diameters? {
        guard volume >= 50 else { return nil }
        let axial = 5 + Double(below(60))
        return RegionMeasurement.Diameters(maximum: axial + Double(below(9)), axial: axial, perpendicular: axial * 0.7)
    }

    private mutating func region(_ volume: Double) -> RegionMeasurement {
        guard volume >= 50 else { return RegionMeasurement(volume: volume, parts: [], diameters: nil) }
        let parts = [[1.0], [0.6, 0.4], [0.4, 0.3, 0.2, 0.1]][below(3)].map { $0 * volume }.filter { $0 >= 50 }
        return RegionMeasurement(
            volume: volume, parts: parts.isEmpty ? [volume] : parts, diameters: diameters(volume))
    }

    private mutating func lesion(_ number: Int, enhances: Bool, isAligned: Bool) -> Lesion {
        let whole = Double(60_000 / number + below(50_000 / number))
        let core = [0, 30, 0.05 * whole, 0.5 * whole][below(4)]
        let enhancing = enhances ? [0, 20, 0.7 * core][below(3)] : 0
        let measured: [TumourRegion: RegionMeasurement] = [
            .wholeTumour: RegionMeasurement(volume: whole, parts: [whole], diameters: diameters(whole)),
            .tumourCore: region(core), .enhancingTumour: region(enhancing),
        ]
        let size = measured[.wholeTumour]?.diameters
        var rest = 1.0
        let structures = AtlasStructure.allCases.shuffledBy(below(7)).prefix(isAligned ? below(5) : 0)
        let locations = structures.map { structure in
            defer { rest *= 0.5 }
            return LesionLocation(structure: structure, share: 0.6 * rest)
        }
        return Lesion(
            number: number,
            volumes: [.wholeTumour: whole, .tumourCore: core, .enhancingTumour: enhancing], confidence: 0.9,
            maximumDiameter: size?.maximum ?? 1, axialDiameter: size?.axial ?? 1,
            perpendicularDiameter: size?.perpendicular ?? 1, bidimensionalProduct: 1, centre: .origin,
            side: [Lesion.Side.left, .right, .midline][below(3)], locations: locations, touchesMidline: isTrue(),
            touchesCortex: [nil, true, false][below(3)], regions: measured)
    }

    mutating func result() -> SegmentationResult {
        let enhancement = count == 0 ? nil : enhancement()
        let isAligned = isTrue()
        var lesions: [Lesion] = []
        for number in stride(from: 1, through: count, by: 1) {
            lesions.append(lesion(number, enhances: enhancement?.isSegmented ?? true, isAligned: isAligned))
        }
        var volumes: [TumourRegion: Double] = [:]
        for region in TumourRegion.allCases {
            volumes[region] = lesions.map { $0.volumes[region] ?? 0 }.reduce(0, +)
        }
        var dice: [TumourRegion: Double] = [:]
        for region in TumourRegion.allCases where (volumes[region] ?? 0) > 0 && isTrue() {
            dice[region] = [0.93, 0.55][below(2)]
        }
        let mask = [BrainMask.given, .found, .none][below(3)]
        let isOverlaid = below(3) > 0
        let notes = ReliabilityNote.notes(
            sequences: sequences, brainMask: mask, expectedDice: dice, enhancement: enhancement, isOverlaid: isOverlaid)
        let fit = AtlasFit(status: isAligned ? .aligned : .notAligned, fit: 0.8)
        let warnings =
            isOverlaid ? [] : ["FLAIR does not overlay T1 and T2: it may be shifted, mirrored or of another patient."]
        let comparison = SeriesComparison(enhancement: [nil, -0.2][below(2)], likeness: [nil, -0.1][below(2)])
        let own = Review(
            atlas: fit, brainMask: mask, brainVolume: [1400, 300][below(2)], contrasts: [:], comparison: comparison,
            hasLesions: count > 0, expectedDice: dice, enhancement: enhancement)
        var list = FindingList()
        list.add(sequences: sequences)
        list.add(volumes: volumes, confidences: [.wholeTumour: 0.9])
        list.add(expectedDice: dice)
        list.add(enhancement: enhancement)
        list.add(lesions: lesions)
        list.add(brainMask: mask)
        list.add(atlas: fit)
        list.add(review: Review(reasons: warnings + own.reasons))
        list.add(notes: notes)
        return SegmentationResult(
            volumes: volumes, confidenceScores: [:], maskFiles: [], structuredFindings: list.findings,
            lesions: lesions, gatingWeights: [:], availableModalities: sequences,
            referenceModality: sequences.contains(.flair) ? .flair : sequences[0], reliability: notes,
            brainMask: mask, atlas: fit, review: own, enhancement: enhancement, modelVersion: "mome 1.0.0",
            device: "cpu")
    }
}

extension Collection {
    /// Every `step + 1`th element first, so that the structures of the lesions differ.
    fileprivate func shuffledBy(_ step: Int) -> [Element] {
        let all = Array(self)
        return all.indices.map { all[($0 * (step + 1) + step) % all.count] }.reduce(into: []) { $0.append($1) }
    }
}
