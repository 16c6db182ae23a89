import Foundation
import Testing

@testable import Features
@testable import Imaging

struct ReportDraftTests {
    /// A valid result with one lesion, with the findings as listed by the pipeline.
    static func result(_ side: Lesion.Side = .left) -> SegmentationResult {
        let volumes: [TumourRegion: Double] = [.wholeTumour: 12_345, .tumourCore: 6_789, .enhancingTumour: 0]
        let lesion = Lesion(
            number: 1, volumes: volumes, confidence: 0.9, maximumDiameter: 30, axialDiameter: 25,
            perpendicularDiameter: 20, bidimensionalProduct: 500, centre: PatientPoint(x: 0, y: 0, z: 0), side: side,
            locations: [
                LesionLocation(structure: .frontalLobe, share: 0.62), LesionLocation(structure: .insula, share: 0.3),
                LesionLocation(structure: .corpusCallosum, share: 0.04),
            ], touchesMidline: side == .midline, touchesCortex: true,
            regions: [
                .wholeTumour: RegionMeasurement(
                    volume: 12_345, parts: [12_345],
                    diameters: .init(maximum: 30, axial: 25, perpendicular: 20)),
                .tumourCore: RegionMeasurement(
                    volume: 6_789, parts: [6_000, 700],
                    diameters: .init(maximum: 18, axial: 15, perpendicular: 12)),
                .enhancingTumour: RegionMeasurement(volume: 0, parts: [], diameters: nil),
            ])
        let note = ReliabilityNote(
            region: .enhancingTumour, isReliable: false, note: "Without T1CE 1 claim on the right is not reliable.")
        var list = FindingList()
        list.add(sequences: [.flair])
        list.add(volumes: volumes, confidences: [.wholeTumour: 0.9])
        list.add(expectedDice: [.wholeTumour: 0.83, .tumourCore: 0.61])
        list.add(lesions: [lesion])
        list.add(atlas: AtlasFit(status: .notAligned, fit: 0.8))
        list.add(notes: [note])
        list.add(review: Review(reasons: ["The series given as T2 lies 99 mm to the right."]))
        return SegmentationResult(
            volumes: volumes, confidenceScores: [.wholeTumour: 0.9], maskFiles: [], structuredFindings: list.findings,
            lesions: [lesion], gatingWeights: [:], availableModalities: [.flair], referenceModality: .flair,
            reliability: [note], brainMask: .given, modelVersion: "m 1.0.0", device: "cpu")
    }

    private static func faults(_ change: (inout [ReportDraft.Sentence]) -> Void) -> [ReportDraft.Fault] {
        let result = result()
        var sentences = ReportComposer.compose(result).sentences
        change(&sentences)
        return ReportDraft(sentences: sentences).faults(against: result.structuredFindings)
    }

    @Test(arguments: [Lesion.Side.left, .right, .midline]) func whatTheComposerWritesIsSound(_ side: Lesion.Side) throws
    {
        let result = Self.result(side)
        #expect(ReportComposer.compose(result).faults(against: result.structuredFindings) == [])
        _ = try ReportComposer.checked(result)
    }

    @Test(arguments: [
        ("12.3 ml", "123 ml"), ("12.3 ml", "12.4 ml"), ("12.3 ml", "12.3 mm"), ("25 × 20 mm", "25 × 21 mm"),
        ("Lesion 1: left", "Lesion 1: right"), ("tumour, left hemisphere", "tumour, right hemisphere"),
        ("Does not reach the midline", "Reaches the midline"),
        ("Abuts the cortical surface", "Does not abut the cortical surface"),
        ("Lesion 1: ", "Lesion 2: "), ("One lesion.", "2 lesions of at least 0.05 ml."),
        ("One lesion segmented", "3 lesions segmented"), ("segmented as tumour", "segmented as glioblastoma"),
        ("frontal lobe 62 %", "temporal lobe 62 %"), ("frontal lobe 62 %", "frontal lobe 26 %"),
        ("insula 30 %", "insula"), ("insula 30 %", "thalamus 30 %"),
        ("segmented as tumour", "segmented as high-grade tumour"), ("Abuts", "With mass effect, abuts"),
        ("whole tumour 0.83", "whole tumour 0.93"),
        // Correct numbers of a wrong region.
        ("whole tumour 0.83, tumour core 0.61", "whole tumour 0.61, tumour core 0.83"),
        ("core 6.79 ml, enhancing component 0.00 ml", "core 0.00 ml, enhancing component 6.79 ml"),
        ("Tumour core: 6.79 ml", "Tumour core: 12.3 ml"), ("15 × 12 mm", "25 × 20 mm"),
        ("Core: 6.79 ml", "Enhancing component: 6.79 ml"), ("in 2 parts", "in 3 parts"), ("6.00 ml", "6.79 mm"),
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
        #expect(text.contains("Location (atlas): frontal lobe 62 %, insula 30 %."))
        #expect(!text.contains("corpus callosum"))
        #expect(text.contains("No lobe named"))
    }

    @Test func everySizeNamesItsRegion() {
        let text = ReportComposer.compose(Self.result()).text
        for sentence in [
            "Lesion 1: left hemisphere, 12.3 ml including oedema, axial 25 × 20 mm, largest diameter 30 mm.",
            "Core: 6.79 ml in 2 parts (6.00 ml and 0.70 ml), largest part axial 15 × 12 mm, largest diameter 18 mm.",
            "No enhancing component of at least 0.05 ml (unreliable).",
            "tumour, left hemisphere: 12.3 ml including oedema, core 6.79 ml, enhancing component 0.00 ml (unreliable).",
            "Predicted Dice (estimated overlap with an expert segmentation): whole tumour 0.83, tumour core 0.61.",
        ] { #expect(text.contains(sentence), "\(sentence)") }
    }

    /// Readers can look up every cited finding.
    @Test func everyCitedFindingIsARowOfTheTable() {
        let result = Self.result()
        let rows = Dictionary(uniqueKeysWithValues: result.structuredFindings.map { ($0.id, $0.measurement) })
        for sentence in ReportComposer.compose(result).sentences {
            for id in sentence.findings { #expect(rows[id].flatMap { $0 } != nil, "\(id) of: \(sentence.text)") }
        }
        let names = rows.values.compactMap { $0?.name }
        #expect(names.contains("Lesion 1, whole tumour: largest axial diameter"))
        #expect(names.contains("Lesion 1, tumour core: perpendicular axial diameter"))
        #expect(names.contains("Lesion 1, tumour core: volume of part 2"))
        #expect(names.contains("Tumour core: parts (≥ 0.05 ml)"))
    }

    /// Diameters of versions before 2.5 have no region and are the whole tumour's.
    @Test func aResultOfAnEarlierVersionIsReportedByTheWholeAlone() throws {
        let old = Self.result()
        let lesion = Lesion(
            number: 1, volumes: old.lesions[0].volumes, confidence: 0.9, maximumDiameter: 30, axialDiameter: 25,
            perpendicularDiameter: 20, bidimensionalProduct: 500, centre: .origin, side: .left, locations: [],
            touchesMidline: false, touchesCortex: nil)
        let unnamed: Set<Finding.Kind> = [
            .maximumDiameter, .axialDiameter, .perpendicularDiameter, .bidimensionalProduct,
        ]
        let findings = old.structuredFindings.filter { finding in
            finding.kind != .partCount && (!unnamed.contains(finding.kind) || finding.region == .wholeTumour)
        }.map { finding in
            Finding(
                id: finding.id, kind: finding.kind, region: unnamed.contains(finding.kind) ? nil : finding.region,
                lesion: finding.lesion, quantity: finding.quantity, unit: finding.unit, term: finding.term)
        }
        let result = SegmentationResult(
            volumes: old.volumes, confidenceScores: [:], maskFiles: [], structuredFindings: findings,
            lesions: [lesion], gatingWeights: [:], availableModalities: [.flair], referenceModality: .flair,
            reliability: [], brainMask: .given, modelVersion: "m 1.0.0", device: "cpu")
        let text = try ReportComposer.checked(result).text
        #expect(text.contains("12.3 ml including oedema, axial 25 × 20 mm, largest diameter 30 mm."))
        #expect(!text.contains("\nCore"))
        let names = findings.compactMap { $0.measurement?.name }
        #expect(names.contains("Lesion 1, whole tumour: largest axial diameter"))
    }

    @Test func aSentenceMustCiteWhatItStates() {
        let nothing = ReportDraft.Sentence(section: .findings, text: "All is well.", findings: [])
        let unknown = ReportDraft.Sentence(section: .findings, text: "All is well.", findings: ["F99"])
        #expect(Self.faults { $0 = [nothing, unknown] }.map(\.sentence) == [1, 2])
    }
}
