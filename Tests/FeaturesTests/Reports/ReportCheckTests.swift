import Foundation
import Testing

@testable import Features
@testable import Imaging

struct ReportCheckTests {
    /// A sound result of one lesion, with the findings that the pipeline would list.
    static func result(_ side: Lesion.Side = .left) -> SegmentationResult {
        let volumes: [TumourRegion: Double] = [.wholeTumour: 12_345, .tumourCore: 6_789, .enhancingTumour: 0]
        let lesion = Lesion(
            number: 1, volumes: volumes, confidence: 0.9, maximumDiameter: 30, axialDiameter: 25,
            perpendicularDiameter: 20, bidimensionalProduct: 500, centre: PatientPoint(x: 0, y: 0, z: 0), side: side,
            locations: [
                LesionLocation(structure: .frontalLobe, share: 0.62), LesionLocation(structure: .insula, share: 0.3),
                LesionLocation(structure: .corpusCallosum, share: 0.04),
            ], touchesMidline: side == .midline, touchesCortex: true)
        let note = ReliabilityNote(
            region: .enhancingTumour, isReliable: false, note: "Without T1CE 1 claim on the right is not reliable.")
        var list = FindingList()
        list.add(sequences: [.flair])
        list.add(volumes: volumes, confidences: [.wholeTumour: 0.9])
        list.add(expectedDice: [.wholeTumour: 0.83])
        list.add(lesions: [lesion])
        list.add(atlas: AtlasFit(status: .notAligned, fit: 0.8))
        list.add(notes: [note])
        list.add(review: Review(reasons: ["The series given as T2 lies 99 mm to the right."]))
        return SegmentationResult(
            volumes: volumes, confidenceScores: [.wholeTumour: 0.9], maskFiles: [], structuredFindings: list.findings,
            lesions: [lesion], gatingWeights: [:], availableModalities: [.flair], referenceModality: .flair,
            reliability: [note], brainMask: .given, modelVersion: "m 1.0.0", device: "cpu")
    }

    private static func faults(_ change: (inout [ReportDraft.Sentence]) -> Void) -> [ReportCheck.Fault] {
        let result = result()
        var sentences = ReportComposer.compose(result).sentences
        change(&sentences)
        return ReportCheck(result.structuredFindings).faults(in: ReportDraft(sentences: sentences))
    }

    @Test(arguments: [Lesion.Side.left, .right, .midline]) func whatTheComposerWritesIsSound(_ side: Lesion.Side) throws
    {
        let result = Self.result(side)
        #expect(ReportCheck(result.structuredFindings).faults(in: ReportComposer.compose(result)) == [])
        _ = try ReportComposer.checked(result)
    }

    @Test(arguments: [
        ("12.3 ml", "123 ml"), ("12.3 ml", "12.4 ml"), ("12.3 ml", "12.3 mm"), ("25 mm × 20 mm", "25 mm × 21 mm"),
        ("in the left half", "in the right half"), ("on the left", "on the right"),
        ("does not reach the midline", "reaches the midline"), ("It comes within", "It does not come within"),
        ("Lesion 1 lies", "Lesion 2 lies"), ("1 separate lesion", "2 separate lesions"),
        ("One lesion", "3 lesions"), ("segmented as tumour", "segmented as glioblastoma"),
        ("frontal lobe (62 %)", "temporal lobe (62 %)"), ("frontal lobe (62 %)", "frontal lobe (26 %)"),
        ("and the insula (30 %)", "and the insula"), ("and the insula", "and the thalamus"),
        ("segmented as tumour", "segmented as high-grade tumour"), ("It comes", "With mass effect, it comes"),
        ("a Dice of 0.83", "a Dice of 0.93"),
    ])
    func aPlantedFaultIsFound(from: String, to: String) {
        let found = Self.faults { sentences in
            sentences = sentences.map {
                ReportDraft.Sentence(
                    section: $0.section, text: $0.text.replacing(from, with: to), findings: $0.findings)
            }
        }
        #expect(!found.isEmpty)
    }

    @Test func whatNeedsReviewStandsFirstInTheImpression() throws {
        let draft = ReportComposer.compose(Self.result())
        let first = try #require(draft.sentences.first { $0.section == .impression })
        #expect(first.text == "Needs review: The series given as T2 lies 99 mm to the right.")
    }

    @Test func placesAreNamedByTheirShare() {
        let text = ReportComposer.compose(Self.result()).text
        #expect(text.contains("By the atlas it occupies the frontal lobe (62 %) and the insula (30 %)."))
        #expect(!text.contains("corpus callosum"))
        #expect(text.contains("No lobe is stated"))
    }

    @Test func aSentenceMustCiteWhatItStates() {
        let nothing = ReportDraft.Sentence(section: .findings, text: "All is well.", findings: [])
        let unknown = ReportDraft.Sentence(section: .findings, text: "All is well.", findings: ["F99"])
        #expect(Self.faults { $0 = [nothing, unknown] }.map(\.sentence) == [1, 2])
    }
}
