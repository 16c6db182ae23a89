import Testing

@testable import Features
@testable import Imaging

struct ReportRemarkTests {
    private static func remarks(_ text: String) -> [ReportRemark] {
        ReportRemark.remarks(on: text, ReportDraftTests.result().structuredFindings)
    }

    @Test(arguments: [Lesion.Side.left, .right, .midline]) func aDraftAgreesWithItself(_ side: Lesion.Side) {
        let result = ReportDraftTests.result(side)
        #expect(ReportRemark.remarks(on: ReportComposer.compose(result).text, result.structuredFindings) == [])
    }

    @Test(arguments: [
        "The whole tumour measures 12.3 ml.", "Whole tumor 12 mL, tumor core 6.79 cc.", "It measures 12345 mm³.",
        "Lesion 1 measures 2.5 x 2.0 cm in the axial plane.", "Its largest diameter is 3 cm.",
        "One lesion, on the left.",
        "It lies in the left frontal lobe (62 %) and reaches the insula.", "It does not reach the midline.",
        "The enhancing tumour has 0.00 ml.", "A 61-year-old patient; T1CE and FLAIR were read.",
        "The core consists of two parts of 6.00 ml and 0.70 ml.", "The largest part of the core measures 15 × 12 mm.",
        "Tumour core 6.79 ml, whole tumour 12.3 ml.", "The core is necrotic, the entire lesion has 12.3 ml.",
        "Core 6.79 ml, total 12.3 ml.", "Tumour core and whole tumour: 6.79 and 12.3 ml.",
        "Predicted Dice of the whole tumour 0.83.", "Abuts the cortical surface (≤ 3 mm).",
        "It comes within 3 mm of the brain's surface.", "No enhancing component.",
        "Two readers looked at it at right angles.", "The product is 500 mm2.", "Seen on 3 T, 2 days later. [F1, F2]",
    ]) func whatWasMeasuredMayBeSaidInOtherWords(_ text: String) {
        #expect(Self.remarks(text) == [])
    }

    @Test(arguments: [
        "The whole tumour measures 13.2 ml.", "The tumour core measures 12.3 ml.", "Enhancing tumour: 6.79 ml.",
        "Lesion 2 measures 12.3 ml.", "It measures 2.5 x 2.2 cm.", "It measures 2.9 x 2.0 cm.",
        "Its largest diameter is 35 mm.", "The lesion lies on the right.", "Bilateral lesions.",
        "It lies in the temporal lobe.", "Two lesions are seen.", "No lesion is seen.", "It reaches the midline.",
        "It does not come within 3 mm of the surface.", "We expect a Dice of 0.93.",
        "Tumour core 12.3 ml, whole tumour 6.79 ml.", "Core 6.79 ml, total 6.79 ml.", "The core measures 25 × 20 mm.",
        "The core has 3 parts.",
        "Two enhancing foci.", "Predicted Dice: whole tumour 0.61.", "Does not abut the cortical surface.",
        "Stated nowhere. [F99]", "WHOLE TUMOUR 13.2 ML.", "IT LIES IN THE TEMPORAL LOBE.", "The product is 5.5 cm².",
    ]) func aContradictionIsFound(_ text: String) {
        let found = Self.remarks("TECHNIQUE\nMRI of the brain.\n" + text)
        #expect(found.map(\.kind).contains(.contradiction))
        #expect(found.allSatisfy { $0.sentence == 2 })
    }

    @Test(arguments: [
        "Probably a glioblastoma.", "There is mass effect.",
        // No finding measures how much of a lobe a lesion fills.
        "It fills 70 % of the lobe.",
    ])
    func whatNoFindingMeasuresIsNamedAndNoContradiction(_ text: String) {
        #expect(Self.remarks(text).map(\.kind) == [.unmeasured])
    }

    @Test func sentencesAreCountedWithoutHeadings() {
        let text = "FINDINGS\nIt has 12.3 ml. [F2]\nIt is small. It lies on the right.\n\nIMPRESSION\nAll is well.\n"
        #expect(Self.remarks(text).map(\.sentence) == [3])
    }

    @Test func whatIsNotReadAnyMoreIsNamed() async throws {
        let text = String(repeating: "The whole tumour measures 12.3 ml.\n", count: ReportRemark.sentenceLimit)
        #expect(Self.remarks(text) == [])
        let found = Self.remarks(text + "It has 99 ml.")
        let findings = ReportDraftTests.result().structuredFindings
        #expect(try await ReportRemark.remarks(onLong: text + "It has 99 ml.", findings) == found)
        #expect(found.map(\.kind) == [.contradiction] && found.first?.sentence == ReportRemark.sentenceLimit + 1)
    }

    /// A reader who has the T1CE series that the model did not receive may describe it.
    @Test func enhancementThatWasNotAssessedContradictsNothing() {
        let findings = ReportDraftTests.result().structuredFindings
        let text = "The lesion shows ring enhancement of 4.2 ml."
        #expect(ReportRemark.remarks(on: text, findings).contains { $0.kind == .contradiction })
        let notAssessed = Finding(
            id: "F98", kind: .enhancement, region: .enhancingTumour, term: Enhancement.Answer.notAssessed.rawValue)
        #expect(!ReportRemark.remarks(on: text, findings + [notAssessed]).contains { $0.kind == .contradiction })
    }
}
