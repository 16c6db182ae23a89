import Testing

@testable import Claims

/// Faults that keep a drafted sentence from being written.
struct DraftSentenceTests {
    private static let sound: [(String, [Int])] = [
        ("Brain MRI with FLAIR. Automatic segmentation by m 1.0.0, measured on the FLAIR series.", [1]),
        ("One lesion.", [8]), ("Whole tumour (including oedema): 12.3 ml.", [2]), ("Tumour core: 6.79 ml.", [4]),
        (
            "Lesion 1: left hemisphere, 12.3 ml including oedema, axial 25 × 20 mm, largest diameter 30 mm.",
            [25, 11, 12, 13, 14]
        ),
        (
            "Core: 6.79 ml in 2 parts (6.00 ml and 0.70 ml), largest part axial 15 × 12 mm, largest diameter 18 mm.",
            [16, 20, 21, 22, 17, 18, 19]
        ),
        ("No enhancing component of at least 0.05 ml.", [24]),
        ("Location (atlas): frontal lobe 62 %, insula 30 %.", [26, 27]), ("Does not reach the midline.", [29]),
        ("Abuts the cortical surface (≤ 3 mm).", [30]),
        ("Needs review: The series given as T2 lies 99 mm to the right.", [31]),
        (
            "One lesion segmented as tumour, left hemisphere: 12.3 ml including oedema, core 6.79 ml, "
                + "enhancing component 0.00 ml.", [8, 25, 2, 4, 5]
        ),
        (
            "Predicted Dice (estimated overlap with an expert segmentation): whole tumour 0.83, tumour core 0.61.",
            [6, 7]
        ),
        (
            "Automatic draft for research. Masks require visual review. No conclusion on tumour type or grade can be drawn.",
            [8]
        ),
    ]

    private static let check = ClaimCheck(ClaimCheckTests.facts, limits: FactCheckSet.limits)

    private static func faults(_ sentence: String, _ ids: [Int]) -> [String] {
        check.faults(in: sentence, citing: ids.map { "F\($0)" })
    }

    @Test(arguments: sound) func whatTheFindingsSayIsSound(_ sentence: String, _ ids: [Int]) {
        #expect(Self.faults(sentence, ids) == [])
    }

    @Test(arguments: [
        ("12.3 ml", "123 ml"), ("12.3 ml", "12.4 ml"), ("12.3 ml", "12 ml"), ("12.3 ml", "12.3 mm"),
        ("25 × 20 mm", "25 × 21 mm"), ("Lesion 1: left", "Lesion 1: right"),
        ("tumour, left hemi", "tumour, right hemi"),
        ("Does not reach the midline", "Reaches the midline"), ("Abuts the", "Does not abut the"),
        ("Lesion 1: ", "Lesion 2: "), ("One lesion.", "2 lesions of at least 0.05 ml."),
        ("One lesion segmented", "3 lesions segmented"), ("segmented as tumour", "segmented as glioblastoma"),
        ("frontal lobe 62 %", "temporal lobe 62 %"), ("frontal lobe 62 %", "frontal lobe 26 %"),
        ("insula 30 %", "insula"), ("insula 30 %", "thalamus 30 %"), ("as tumour", "as high-grade tumour"),
        ("Abuts", "With mass effect, abuts"), ("whole tumour 0.83", "whole tumour 0.93"),
        ("whole tumour 0.83, tumour core 0.61", "whole tumour 0.61, tumour core 0.83"),
        ("core 6.79 ml, enhancing component 0.00 ml", "core 0.00 ml, enhancing component 6.79 ml"),
        ("Tumour core: 6.79 ml", "Tumour core: 12.3 ml"), ("15 × 12 mm", "25 × 20 mm"),
        ("Core: 6.79 ml", "Enhancing component: 6.79 ml"), ("in 2 parts", "in 3 parts"), ("6.00 ml", "6.79 mm"),
    ])
    func aPlantedFaultIsFound(_ from: String, _ to: String) {
        let changed = Self.sound.filter { $0.0.contains(from) }
        #expect(!changed.isEmpty)
        #expect(changed.contains { !Self.faults($0.0.replacing(from, with: to), $0.1).isEmpty })
    }

    @Test func nothingMayBeMeasuredAndSaid() {
        let facts = [
            Fact(id: "F1", kind: .volume, region: .whole, quantity: (0, 0)),
            Fact(id: "F2", kind: .lesionCount, quantity: (0, 0)),
        ]
        let check = ClaimCheck(facts, limits: FactCheckSet.limits)
        for (sentence, id) in [
            ("Whole tumour (including oedema): 0.00 ml.", "F1"), ("No lesion of at least 0.05 ml.", "F2"),
            ("No tumour segmented; this does not exclude one.", "F2"),
        ] {
            #expect(check.faults(in: sentence, citing: [id]) == [])
            #expect(check.remarks(on: sentence).allSatisfy { $0.verdict == .supported })
        }
        #expect(!check.faults(in: "One lesion.", citing: ["F2"]).isEmpty)
    }

    @Test func aSentenceMustCiteWhatItStates() {
        #expect(!Self.faults("All is well.", []).isEmpty && !Self.faults("All is well.", [99]).isEmpty)
    }
}
