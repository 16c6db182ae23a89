import Testing

@testable import Claims

struct ClaimCheckTests {
    /// One lesion on the left without enhancement: 12.3 ml, core 6.79 ml in two parts.
    static let facts = [
        Fact(id: "F1", kind: .other, term: "FLAIR"), fact(2, .volume, .whole, nil, 12_345, 12_300),
        fact(3, .probability, .whole, nil, 0.9), fact(4, .volume, .core, nil, 6_789, 6_790),
        fact(5, .volume, .enhancing, nil, 0), fact(6, .predictedDice, .whole, nil, 0.83),
        fact(7, .predictedDice, .core, nil, 0.61), fact(8, .lesionCount, nil, nil, 1),
        fact(9, .partCount, .core, nil, 2), fact(10, .partCount, .enhancing, nil, 0),
        fact(11, .volume, .whole, 1, 12_345, 12_300), fact(12, .maximumDiameter, .whole, 1, 30),
        fact(13, .axialDiameter, .whole, 1, 25), fact(14, .perpendicularDiameter, .whole, 1, 20),
        fact(15, .axialProduct, .whole, 1, 500), fact(16, .volume, .core, 1, 6_789, 6_790),
        fact(17, .partCount, .core, 1, 2), fact(18, .partVolume, .core, 1, 6_000), fact(19, .partVolume, .core, 1, 700),
        fact(20, .maximumDiameter, .core, 1, 18), fact(21, .axialDiameter, .core, 1, 15),
        fact(22, .perpendicularDiameter, .core, 1, 12), fact(23, .volume, .enhancing, 1, 0),
        fact(24, .partCount, .enhancing, 1, 0), Fact(id: "F25", kind: .side, lesion: 1, term: "left"),
        place(26, "frontal lobe", 0.62), place(27, "insula", 0.3), place(28, "corpus callosum", 0.04),
        Fact(id: "F29", kind: .midlineContact, lesion: 1, term: "no"),
        Fact(id: "F30", kind: .cortexContact, lesion: 1, term: "yes"),
        Fact(id: "F31", kind: .quote, term: "The series given as T2 lies 99 mm to the right."),
    ]

    private static func fact(
        _ number: Int, _ kind: Fact.Kind, _ region: Region?, _ lesion: Int?, _ quantity: Double, _ shown: Double? = nil
    ) -> Fact {
        Fact(id: "F\(number)", kind: kind, region: region, lesion: lesion, quantity: (quantity, shown ?? quantity))
    }

    private static func place(_ number: Int, _ name: String, _ share: Double) -> Fact {
        Fact(id: "F\(number)", kind: .location, lesion: 1, quantity: (share, share), term: name)
    }

    private static let check = ClaimCheck(facts, limits: FactCheckSet.limits)

    @Test(arguments: ["WHOLE TUMOUR 13.2 ML.", "IT LIES IN THE TEMPORAL LOBE.", "NO LESION IS SEEN."])
    func aSentenceInCapitalsIsRead(_ text: String) {
        #expect(!Self.contradictions("FINDINGS\n" + text).isEmpty)
    }

    static func contradictions(_ text: String) -> [String] {
        check.remarks(on: text).filter { $0.verdict == .contradicted }.map(\.reason)
    }

    /// Texts of the maximum length of a report, each of which once took minutes.
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
        let elapsed = ContinuousClock().measure { _ = ClaimCheckTests.check.remarks(on: text, sentences: 1000) }
        // Allows for a busy machine and a debug build.
        #expect(elapsed < .seconds(30), "\(name): \(elapsed)")
    }

    @Test(arguments: [
        "The whole tumour measures 12.3 ml.", "Whole tumor 12 mL, tumor core 6.79 cc.", "It measures 12345 mm³.",
        "It measures 12,345 mm³.", "Lesion 1 measures 2.5 x 2.0 cm in the axial plane.",
        "Its largest diameter is 3 cm.",
        "One lesion, on the left.", "It lies in the left frontal lobe (62 %) and reaches the insula.",
        "It does not reach the midline.", "The enhancing tumour has 0.00 ml.",
        "A 61-year-old patient; T1CE and FLAIR were read.", "The core consists of two parts of 6.00 ml and 0.70 ml.",
        "The largest part of the core measures 15 × 12 mm.", "Tumour core 6.79 ml, whole tumour 12.3 ml.",
        "The core is necrotic, the entire lesion has 12.3 ml.", "Core 6.79 ml, total 12.3 ml.",
        "Tumour core and whole tumour: 6.79 and 12.3 ml.", "Predicted Dice of the whole tumour 0.83.",
        "Abuts the cortical surface (≤ 3 mm).", "It comes within 3 mm of the brain's surface.",
        "No enhancing component.",
        "Two readers looked at it at right angles.", "The product is 500 mm2.", "Seen on 3 T, 2 days later. [F1, F2]",
        "The series given as T2 lies 99 mm to the right. It lies on the left.", "Oedema 5,6 ml.",
        "The lesion is about 12 ml in size.", "12.3 ml of tumour on the left.", "Its volume is 12–13 ml.",
    ])
    func whatWasMeasuredMayBeSaidInOtherWords(_ text: String) { #expect(Self.contradictions(text) == []) }

    @Test(arguments: [
        "The whole tumour measures 13.2 ml.", "The tumour core measures 12.3 ml.", "Enhancing tumour: 6.79 ml.",
        "Lesion 2 measures 12.3 ml.", "It measures 2.5 x 2.2 cm.", "It measures 2.9 x 2.0 cm.",
        "Its largest diameter is 35 mm.", "The lesion lies on the right.", "Bilateral lesions.",
        "It lies in the temporal lobe.", "Two lesions are seen.", "No lesion is seen.", "It reaches the midline.",
        "It does not come within 3 mm of the surface.", "We expect a Dice of 0.93.",
        "Tumour core 12.3 ml, whole tumour 6.79 ml.", "Core 6.79 ml, total 6.79 ml.", "The core measures 25 × 20 mm.",
        "The core has 3 parts.", "Two enhancing foci.", "Predicted Dice: whole tumour 0.61.",
        "Does not abut the cortical surface.", "Stated nowhere. [F99]", "The product is 5.5 cm².",
    ])
    func aContradictionIsFound(_ text: String) {
        let found = Self.check.remarks(on: "TECHNIQUE\nMRI of the brain.\n" + text)
        #expect(found.contains { $0.verdict == .contradicted })
        #expect(found.allSatisfy { $0.sentence == 2 })
    }

    /// Ordinary sentences about other things that no finding measures.
    @Test(arguments: [
        "The patient is left with a right-sided facial palsy.", "Right temporal bone: unremarkable.",
        "The right temporal horn measures 9 mm.", "Known right-sided breast cancer, resected in 2020.",
        "A 4 mm aneurysm of the right middle cerebral artery is unchanged.",
        "Right frontal sinus with a 14 mm osteoma.",
        "3D FLAIR with 1.2 mm isotropic voxels.", "The right internal carotid artery is patent.",
        "The tumour compresses the right lateral ventricle.", "Midline shift to the right by 4 mm.",
        "The midline structures are displaced to the right.", "No enhancing lesion in the right hemisphere.",
        "The contralateral hemisphere is normal.", "Both hippocampi are normal.", "The ventricles measure 25 ml.",
        "ADC 650 × 10⁻⁶ mm²/s.", "The lesion is 15 mm away from the right ventricle.", "A tumour board is recommended.",
        "Compared with 2025 (20 ml), the tumour is smaller.", "No tumour progression.", "No new lesion.",
        "The lesion shows no restricted diffusion.", "Enhancement of the right choroid plexus.",
        "Right parietal scalp swelling of 20 mm.", "Pituitary stalk in the midline.", "Normal midline structures.",
        "Degenerative changes of the cervical spine, C5/6 more than C6/7.", "Dose: 0.1 ml/kg, total 7 ml.",
        "The falx is calcified at the midline.", "The cerebellar tonsils reach 4 mm below the foramen magnum.",
        "Right optic nerve 3 mm, left optic nerve 3 mm.", "Ultrasound-guided puncture of the right thyroid.",
        "Exclude metastasis in the right cerebellum.", "The brainstem and the right cerebellar peduncle are normal.",
        "Volume of the right hippocampus 3.1 ml, left 2.9 ml.", "Temporal lobe epilepsy since 2012.",
        "No tumour in the occipital lobes.", "Sagittal T1: 160 slices of 1 mm.", "Old right occipital infarct.",
        "The two optic tracts are normal.", "Two enhancing vessels on the right.", "Cortical thickness 2.5 mm.",
    ])
    func whatIsSaidOfOtherThingsIsNoContradiction(_ text: String) { #expect(Self.contradictions(text) == []) }

    @Test(arguments: ["Probably a glioblastoma.", "There is mass effect.", "Midline shift.", "Grade 4."])
    func aJudgementIsUnsupported(_ text: String) {
        let found = Self.check.remarks(on: text)
        #expect(found.map(\.verdict) == [.unsupported] && found.map(\.kind) == [.judgement])
    }

    @Test func aClaimHasItsPlaceInTheText() throws {
        let text = "FINDINGS\nThe core is small. The whole tumour measures 99 ml on the left."
        let remarks = Self.check.remarks(on: text).filter { $0.kind == .quantity || $0.kind == .location }
        #expect(remarks.map { text[$0.range] } == ["left", "99 ml"])
        #expect(remarks.map(\.verdict) == [.supported, .contradicted] && remarks.map(\.sentence) == [2, 2])
    }

    @Test func sentencesAreCountedWithoutHeadings() {
        let text = "FINDINGS\nIt has 12.3 ml. [F2]\nIt is small. It lies on the right.\n\nIMPRESSION\nAll is well.\n"
        #expect(Self.check.remarks(on: text).filter { $0.verdict == .contradicted }.map(\.sentence) == [3])
        #expect(Script(text, without: []).sentences.count == 4)
    }
}

extension ClaimCheckTests {
    /// Two lesions: the second without a core, so without enhancement.
    private static let two: ClaimCheck = {
        var facts = [
            fact(1, .lesionCount, nil, nil, 2), fact(2, .volume, .whole, nil, 31_500),
            fact(3, .volume, .core, nil, 12_100), fact(4, .volume, .enhancing, nil, 8_400),
            fact(5, .partCount, .core, nil, 1), fact(6, .partCount, .enhancing, nil, 1),
            Fact(id: "F30", kind: .quote, region: .enhancing, term: "Enhancement cannot be assessed without T1CE."),
        ]
        for (lesion, volumes, side) in [(1, [30_200, 12_100, 8_400], "right"), (2, [1_300, 0, 0], "left")] {
            for (region, volume) in zip(Region.allCases, volumes) {
                let number = 10 * lesion + region.rawValue
                let parts = volume > 0 ? 1.0 : 0
                facts.append(
                    Fact(
                        id: "F\(number)", kind: .volume, region: region, lesion: lesion,
                        quantity: (Double(volume), Double(volume))))
                facts.append(
                    Fact(
                        id: "F\(number + 4)", kind: .partCount, region: region, lesion: lesion,
                        quantity: (parts, parts)))
            }
            facts.append(Fact(id: "F\(10 * lesion + 9)", kind: .side, lesion: lesion, term: side))
        }
        return ClaimCheck(facts, limits: FactCheckSet.limits)
    }()

    /// What a lesion lacks is not contradicted by another lesion.
    @Test(arguments: [
        "Lesion 2: left hemisphere, 1.30 ml including oedema. [F29, F20]\nNo core of at least 0.05 ml. [F25]",
        "No enhancing component of at least 0.05 ml. [F26]",
        "Lesion 2: left hemisphere, 1.30 ml including oedema.\nNo core of at least 0.05 ml.\nNo enhancement.",
        "The left-sided lesion measures 1.30 ml. There is no enhancement.", "Lesion 2 shows no enhancement.",
        "The smaller lesion has 1.30 ml. No necrosis.", "Enhancement cannot be assessed without T1CE. [F30]",
    ]) func aNegationIsAboutTheLesionOfTheSentence(_ text: String) {
        let remarks = Self.two.remarks(on: text).filter { $0.verdict != .supported }
        #expect(remarks.map(\.reason) == [])
    }

    @Test(arguments: [
        "No enhancing component of at least 0.05 ml. [F16]", "Lesion 1 measures 30.2 ml. No enhancement.",
        "Lesion 2 measures 1.30 ml.\n\nIMPRESSION\nNo enhancement.", "Lesion 2 measures 1.30 ml.\n\nNo enhancement.",
        "Two lesions. No enhancement.",
        "Lesion 2 measures 1.30 ml. Lesion 1 measures 30.2 ml. No core.",
    ]) func aNegationAboutAnotherLesionIsFound(_ text: String) {
        #expect(Self.two.remarks(on: text).contains { $0.verdict == .contradicted })
    }

    /// What the program of commit 66cc81f wrote, in the words of the fixture's lesion.
    @Test(arguments: [
        "Whole tumour (with oedema): 12.3 ml.", "1 separate lesion of at least 0.05 ml was found.",
        "Lesion 1 lies in the left half of the brain and measures 12.3 ml.",
        "By the atlas it occupies the frontal lobe (62 %) and the insula (30 %).",
        "Its largest diameter is 30 mm; in the axial plane it measures 25 mm × 20 mm.",
        "It does not reach the midline.", "It comes within 3 mm of the brain's surface.",
        "One lesion segmented as tumour, on the left, whole tumour 12.3 ml.",
        "Tumour core: the model expects a Dice of 0.61 with an expert's mask.",
        "This is an automatic draft for research: the masks must be looked at, and neither nature nor grade of a lesion "
            + "follows from them.",
    ]) func anEarlierReportIsNotRemarkedOn(_ text: String) {
        let remarks = Self.check.remarks(on: text).filter { $0.verdict != .supported }
        #expect(remarks.map(\.reason) == [])
    }

    /// Nothing is judged by what denies a judgement or says that it cannot be made.
    @Test(arguments: [
        "No midline shift.", "Midline shift cannot be assessed from these measurements.", "Fazekas grade 1.",
        "Meningioma of the falx, 1.2 ml.", "IDH status unknown.", "Neither type nor grade can be derived from this.",
    ]) func aDeniedJudgementIsNone(_ text: String) { #expect(Self.check.remarks(on: text).isEmpty) }

    /// One pattern: what the text says, then what was measured.
    @Test(arguments: [
        (
            "The lesion lies on the right.",
            "The text says right hemisphere; the lesion was measured in the left hemisphere"
        ),
        (
            "It lies in the temporal lobe.",
            "The text says temporal lobe; the lesion was measured in the left hemisphere (frontal lobe 62 %, insula 30 %, "
                + "corpus callosum 4 %)"
        ),
        ("The whole tumour measures 99 ml.", "The text says 99 ml for the whole tumour; 12.3 ml was measured"),
        ("Two lesions are seen.", "The text says two lesions; one lesion was measured"),
        ("No necrosis.", "The text says no non-enhancing core; 6.79 ml was measured"),
        ("The lesion enhances.", "The text says enhancing tumour; none was measured"),
        ("It reaches the midline.", "The text says “reaches the midline”; no contact with the midline was measured"),
        ("Lesion 3 is small: 4 ml.", "The text says lesion 3; one lesion was measured"),
        ("Probably a glioblastoma.", "The text says “glioblastoma”; this cannot be derived from the measurements"),
        ("Seen before. [F99]", "The text cites F99; there is no such finding"),
    ]) func aMessageSaysWhatWasMeasured(_ text: String, _ message: String) {
        #expect(Self.check.remarks(on: text).filter { $0.verdict != .supported }.map(\.reason).contains(message))
    }

    /// Measurements of an unreliable mask, and the quoted sentences on enhancement.
    @Test func unreliableVolumesAndEnhancementAreCited() {
        let facts =
            Self.facts + [
                Fact(id: "F40", kind: .quote, term: "no enhancement segmented"), Fact(id: "F40", kind: .other),
            ]
        let check = ClaimCheck(facts, limits: FactCheckSet.limits)
        #expect(check.faults(in: "Tumour core: 6.79 ml (unreliable).", citing: ["F4"]) == [])
        let impression =
            "One lesion segmented as tumour, left hemisphere: 12.3 ml (unreliable) including oedema, core 6.79 ml (unreliable), "
            + "no enhancement segmented."
        #expect(check.faults(in: impression, citing: ["F8", "F25", "F2", "F4", "F5", "F40"]) == [])
        #expect(check.faults(in: "No enhancement segmented.", citing: ["F4"]) != [])
    }
}
