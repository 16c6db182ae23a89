import Testing

@testable import Features
@testable import Imaging

struct TextCheckTests {
    private static func remarks(_ text: String) -> [TextCheck.Remark] {
        TextCheck(ReportCheckTests.result().structuredFindings).remarks(on: text)
    }

    @Test(arguments: [Lesion.Side.left, .right, .midline]) func aDraftAgreesWithItself(_ side: Lesion.Side) {
        let result = ReportCheckTests.result(side)
        #expect(TextCheck(result.structuredFindings).remarks(on: ReportComposer.compose(result).text) == [])
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
        "It does not come within 3 mm of the surface.", "It fills 70 % of the lobe.", "We expect a Dice of 0.93.",
        "Tumour core 12.3 ml, whole tumour 6.79 ml.", "Core 6.79 ml, total 6.79 ml.", "The core measures 25 × 20 mm.",
        "The core has 3 parts.",
        "Two enhancing foci.", "Predicted Dice: whole tumour 0.61.", "Does not abut the cortical surface.",
        "Stated nowhere. [F99]", "WHOLE TUMOUR 13.2 ML.", "IT LIES IN THE TEMPORAL LOBE.", "The product is 5.5 cm².",
    ]) func aContradictionIsFound(_ text: String) {
        let found = Self.remarks("TECHNIQUE\nMRI of the brain.\n" + text)
        #expect(found.map(\.kind).contains(.contradiction))
        #expect(found.allSatisfy { $0.sentence == 2 })
    }

    @Test(arguments: ["Probably a glioblastoma.", "There is mass effect.", "No midline shift."])
    func aJudgementIsNamedAndNoContradiction(_ text: String) {
        #expect(Self.remarks(text).map(\.kind) == [.unmeasured])
    }

    @Test func sentencesAreCountedWithoutHeadings() {
        let text = "FINDINGS\nIt has 12.3 ml. [F2]\nIt is small. It lies on the right.\n\nIMPRESSION\nAll is well.\n"
        #expect(TextCheck.sentences(of: text).count == 4)
        #expect(Self.remarks(text).map(\.sentence) == [3])
    }

    /// Texts of the greatest length that a report may have, each of which took minutes.
    static let longTexts = [
        "lines": String(repeating: "a\n", count: 25_000), "digits": "a " + String(repeating: "1", count: 49_998),
        "numbers": "a " + String(repeating: "1.1 1 x ", count: 6249),
        "fraction": "a Dice of ." + String(repeating: "1", count: 49_000) + "%",
        "citation": "a [F1" + String(repeating: ", F1", count: 12_000),
        "blanks": "a." + String(repeating: " ", count: 49_000), "word": String(repeating: "a", count: 50_000),
        "marks": "a" + String(repeating: "\u{301}", count: 49_999),
        "lesions": String(repeating: "a lesion 1 ", count: 4545),
    ]

    @Test(arguments: longTexts.keys.sorted()) func aLongTextIsReadInNoTime(_ name: String) throws {
        let text = try #require(Self.longTexts[name])
        let check = TextCheck(ReportCheckTests.result().structuredFindings)
        let elapsed = ContinuousClock().measure { _ = check.remarks(on: text) }
        // On a busy machine, without optimisation.
        #expect(elapsed < .seconds(30), "\(name): \(elapsed)")
    }

    @Test func whatIsNotReadAnyMoreIsNamed() async throws {
        let text = String(repeating: "The whole tumour measures 12.3 ml.\n", count: TextCheck.sentenceLimit)
        #expect(Self.remarks(text) == [])
        let found = Self.remarks(text + "It has 99 ml.")
        let check = TextCheck(ReportCheckTests.result().structuredFindings)
        #expect(try await check.remarks(ofLong: text + "It has 99 ml.") == found)
        #expect(found.map(\.kind) == [.contradiction] && found.first?.sentence == TextCheck.sentenceLimit + 1)
    }

    @Test(arguments: [
        ("2.5 x 2.0 cm", ["2.5 cm", "2.0 cm"]), ("25 × 20 × 15 mm", ["20 mm", "15 mm"]), ("12.5.3 ml", ["5.3 ml"]),
        ("3 ccm, 4 cm³ and 5cm", ["3 ccm", "4 cm³", "5 cm"]), ("6 mm2x 7 mmx 8 percent 9%", ["9 %"]),
        ("0.83 and .5 of 10.7, 1.2.3, 0.9 %", ["0.9 %", "0.83 Dice", ".5 Dice", "1.2 Dice"]),
        (String(repeating: "7", count: 60) + " ml", ["77777777777777777777 ml"]),
    ]) func numbersAreFoundWithTheirUnits(_ text: String, _ expected: [String]) {
        let found = StatedNumbers(text, isOfDice: true)
        let all = found.volumes + found.areas + found.products + found.lengths + found.shares + found.dice
        #expect(all.map { "\($0.digits) \($0.unit)" } == expected)
    }
}
