import Foundation
import Imaging
import Testing

@testable import Features

struct ReportComposerTests {
    private func result(
        _ lesions: [Lesion], sequences: [MRISequence], brainMask: BrainMask = .given, enhancement: Enhancement? = nil
    ) -> SegmentationResult {
        let note = ReliabilityNote(
            region: .enhancingTumour, isReliable: false, note: "Without T1CE no claim is reliable.")
        var findings = [
            Finding(id: "F1", kind: .sequencesPresent, term: sequences.map(\.displayName).joined(separator: ", ")),
            Finding(id: "F2", kind: .volume, region: .wholeTumour, quantity: 12345, unit: "mm3"),
            Finding(id: "F3", kind: .volume, region: .tumourCore, quantity: 0, unit: "mm3"),
            Finding(id: "F4", kind: .volume, region: .enhancingTumour, quantity: 0, unit: "mm3"),
            Finding(id: "F5", kind: .lesionCount, quantity: Double(lesions.count), unit: "1"),
            Finding(id: "F6", kind: .reliability, region: .enhancingTumour, quantity: 0, unit: "1", term: note.note),
            Finding(id: "F99", kind: .brainMask, term: brainMask.rawValue),
        ]
        if let enhancement {
            findings.append(
                Finding(
                    id: "F98", kind: .enhancement, region: .enhancingTumour, quantity: enhancement.probability,
                    term: enhancement.answer.rawValue))
        }
        if let lesion = lesions.first { findings += Self.findings(of: lesion) }
        return SegmentationResult(
            volumes: [.wholeTumour: 12345, .tumourCore: 0, .enhancingTumour: 0], confidenceScores: [:], maskFiles: [],
            structuredFindings: findings, lesions: lesions, gatingWeights: [:], availableModalities: sequences,
            referenceModality: .flair, reliability: [note], brainMask: brainMask, enhancement: enhancement,
            modelVersion: "m 1", device: "cpu")
    }

    private static func findings(of lesion: Lesion) -> [Finding] {
        func length(_ id: String, _ kind: Finding.Kind, _ millimetres: Double) -> Finding {
            Finding(id: id, kind: kind, lesion: 1, quantity: millimetres, unit: "mm")
        }
        let volume = lesion.volumes[.wholeTumour]
        let contact = lesion.touchesCortex.map { $0 ? "yes" : "no" }
        return [
            Finding(id: "F7", kind: .lesionVolume, region: .wholeTumour, lesion: 1, quantity: volume, unit: "mm3"),
            length("F8", .maximumDiameter, lesion.maximumDiameter), length("F9", .axialDiameter, lesion.axialDiameter),
            length("F10", .perpendicularDiameter, lesion.perpendicularDiameter),
            Finding(id: "F11", kind: .side, lesion: 1, term: lesion.side.rawValue),
            Finding(id: "F12", kind: .midlineContact, lesion: 1, term: lesion.touchesMidline ? "yes" : "no"),
            Finding(id: "F13", kind: .cortexContact, lesion: 1, term: contact),
        ]
    }

    private func lesion(_ side: Lesion.Side) -> Lesion {
        Lesion(
            number: 1, volumes: [.wholeTumour: 12345], confidence: 0.9, maximumDiameter: 30, axialDiameter: 25,
            perpendicularDiameter: 20, bidimensionalProduct: 500, centre: PatientPoint(x: 0, y: 0, z: 0), side: side,
            locations: [], touchesMidline: false, touchesCortex: true)
    }

    @Test func everySentenceCitesFindingsThatExist() {
        let result = result([lesion(.left)], sequences: [.flair])
        let draft = ReportComposer.compose(result)
        let known = Set(result.structuredFindings.map(\.id))
        for sentence in draft.sentences {
            #expect(!sentence.findings.isEmpty, "\(sentence.text)")
            #expect(known.isSuperset(of: sentence.findings), "\(sentence.text)")
        }
    }

    @Test(arguments: [Lesion.Side.left, .right, .midline]) func theSideIsTheLesionsOwn(_ side: Lesion.Side) {
        let text = ReportComposer.compose(result([lesion(side)], sequences: [.flair])).text
        #expect(text.contains("12.3 ml"))
        #expect(text.contains("left hemisphere") == (side == .left))
        #expect(text.contains("right hemisphere") == (side == .right))
        #expect(text.contains("25 × 20 mm"))
    }

    @Test func nothingIsClaimedThatWasNotMeasured() {
        let text = ReportComposer.compose(result([lesion(.right)], sequences: [.flair])).text.lowercased()
        for word in [
            "glioma", "glioblastoma", "high grade", "low grade", "metasta", "mass effect", "midline shift", "lobe",
        ] {
            #expect(!text.contains(word))
        }
        #expect(text.contains("not available: t1, t1ce and t2"))
        #expect(text.contains("without t1ce no claim is reliable"))
    }

    @Test func noLesionIsNoAllClear() {
        let text = ReportComposer.compose(result([], sequences: [.flair])).text
        #expect(text.contains("does not exclude"))
    }

    @Test(arguments: [(BrainMask.given, false), (.found, true), (.none, false)])
    func aBrainThatWeFoundIsSaidToBe(_ mask: BrainMask, _ isSaid: Bool) throws {
        let result = result([lesion(.left)], sequences: [.flair], brainMask: mask)
        let sentence = ReportComposer.compose(result).sentences.first {
            $0.text.contains("Skull stripped automatically")
        }
        #expect((sentence?.findings == ["F99"]) == isSaid)
    }

    /// The faults of the draft's sentences on enhancement.
    private func faults(_ draft: ReportDraft, _ result: SegmentationResult) -> [String] {
        draft.faults(against: result.structuredFindings).map(\.reason)
            .filter { $0.contains("enhancement") || $0.contains("probability") }
    }

    @Test func noEnhancementIsSaidWithItsProbability() {
        let result = result(
            [lesion(.left)], sequences: [.t1ce], enhancement: Enhancement(.none, probability: 0.08))
        let draft = ReportComposer.compose(result)
        let text = draft.text
        #expect(text.contains("No enhancement segmented (estimated probability of enhancement 0.08) (unreliable)."))
        #expect(text.contains("core 0.00 ml, no enhancement segmented (unreliable)."))
        #expect(!text.contains("Enhancing tumour: ") && !text.contains("enhancing component"))
        #expect(faults(draft, result) == [])
        let other = draft.sentences.map { sentence in
            ReportDraft.Sentence(
                section: sentence.section, text: sentence.text.replacing("0.08", with: "0.80"),
                findings: sentence.findings)
        }
        // The fixture's findings support only some of the other sentences.
        let known = draft.faults(against: result.structuredFindings).count
        #expect(ReportDraft(sentences: other).faults(against: result.structuredFindings).count == known + 1)
    }

    @Test func withoutT1CEEnhancementIsNotAssessed() {
        let result = result([lesion(.left)], sequences: [.flair], enhancement: Enhancement(.notAssessed))
        let draft = ReportComposer.compose(result)
        let text = draft.text
        #expect(faults(draft, result) == [])
        #expect(text.contains("Enhancement not assessed without T1CE."))
        #expect(!text.contains("Enhancing tumour: ") && !text.contains("enhancing component"))
    }

    /// The fixture's enhancing tumour is unreliable.
    @Test func aVolumeOfAnUnreliableRegionIsNoPlainFact() {
        let made = result([lesion(.left)], sequences: [.t1ce])
        let volumes: [TumourRegion: Double] = [.tumourCore: 4000, .enhancingTumour: 2000]
        let findings = made.structuredFindings.map { finding in
            guard finding.kind == .volume, let region = finding.region, let volume = volumes[region] else {
                return finding
            }
            return Finding(id: finding.id, kind: .volume, region: region, quantity: volume, unit: "mm3")
        }
        let text = ReportComposer.compose(made.with(findings: findings)).text
        #expect(text.contains("Enhancing tumour: 2.00 ml (unreliable)."))
        #expect(text.contains("core 4.00 ml, enhancing component 2.00 ml (unreliable)."))
        let rows = [
            Finding(id: "F1", kind: .volume, region: .enhancingTumour, quantity: 2000, unit: "mm3"),
            Finding(id: "F2", kind: .volume, region: .tumourCore, quantity: 4000, unit: "mm3"),
            Finding(id: "F3", kind: .reliability, region: .enhancingTumour, quantity: 0, unit: "1"),
            // That nothing was segmented is no plain fact either.
            Finding(id: "F4", kind: .lesionVolume, region: .enhancingTumour, lesion: 1, quantity: 0, unit: "mm3"),
        ].measurements
        #expect(rows.map { $0.name.hasSuffix("(unreliable)") } == [true, false, false, true])
    }

    @Test func theSameResultGivesTheSameText() {
        let result = result([lesion(.left)], sequences: [.t1, .flair])
        #expect(ReportComposer.compose(result) == ReportComposer.compose(result))
    }
}
