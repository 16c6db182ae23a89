import Testing

@testable import Claims

/// The tolerances for a stated number, location or order: values just within and just outside.
struct JudgementLimitsTests {
    /// A lesion: its volumes in mm³, its side, and its share in each structure.
    private struct Lesion {
        var whole = 10_000.0
        var core: Double?
        var enhancing: Double?
        var side = "left"
        var places: [String: Double] = [:]
    }

    /// The facts of these lesions as in a result; the first lesion's volumes also serve as the case's.
    private static func check(_ lesions: [Lesion]) -> ClaimCheck {
        var facts: [Fact] = []
        func add(
            _ kind: Fact.Kind, _ region: Region? = nil, lesion: Int? = nil, _ quantity: Double?, term: String? = nil
        ) {
            facts.append(
                Fact(
                    id: "F\(facts.count + 1)", kind: kind, region: region, lesion: lesion,
                    quantity: quantity.map { ($0, $0) }, term: term))
        }
        add(.lesionCount, nil, Double(lesions.count))
        for (index, lesion) in lesions.enumerated() {
            for number in [index == 0 ? nil : index + 1, index + 1] where number != nil || index == 0 {
                add(.volume, .whole, lesion: number, lesion.whole)
                if let core = lesion.core { add(.volume, .core, lesion: number, core) }
                if let enhancing = lesion.enhancing { add(.volume, .enhancing, lesion: number, enhancing) }
            }
            add(.side, lesion: index + 1, nil, term: lesion.side)
            for (place, share) in lesion.places.sorted(by: { $0.key < $1.key }) {
                add(.location, lesion: index + 1, share, term: place)
            }
        }
        return ClaimCheck(facts, limits: FactCheckSet.limits)
    }

    private static func isContradicted(_ text: String, _ check: ClaimCheck) -> Bool {
        check.remarks(on: text).contains { $0.verdict == .contradicted }
    }

    private static func isSupported(_ text: String, _ check: ClaimCheck) -> Bool {
        let remarks = check.remarks(on: text)
        return !remarks.isEmpty && remarks.allSatisfy { $0.verdict == .supported }
    }

    private static let one = ClaimCheck(ClaimCheckTests.facts, limits: FactCheckSet.limits)

    /// 12 345 mm³, displayed as 12.3 ml: half a unit of the last stated digit is accepted as rounding.
    @Test func halfOfTheLastDigitIsRounding() {
        for volume in ["12.3", "12", "12.35", "12.345", "12.34"] {
            #expect(Self.isSupported("The whole tumour measures \(volume) ml.", Self.one), "\(volume)")
        }
        for volume in ["12.4", "13", "12.37", "12.2", "11"] {
            #expect(Self.isContradicted("The whole tumour measures \(volume) ml.", Self.one), "\(volume)")
        }
    }

    @Test func aBoundHoldsOnItsOwnSide() {
        for text in ["at least 12 ml", "more than 10 ml", "less than 13 ml", "no more than 12.4 ml"] {
            #expect(!Self.isContradicted("The whole tumour measures \(text).", Self.one), "\(text)")
        }
        for text in ["at least 13 ml", "more than 14 ml", "less than 11 ml", "no more than 11 ml"] {
            #expect(Self.isContradicted("The whole tumour measures \(text).", Self.one), "\(text)")
        }
    }

    /// The ends of a range may be off by their rounding, but no more.
    @Test func aRangeHoldsTheMeasuredVolume() {
        #expect(Self.isSupported("Its volume is 12–13 ml.", Self.one))
        #expect(Self.isSupported("Its volume is 12.5–13 ml.", Self.one))
        #expect(Self.isContradicted("Its volume is 12.8–14 ml.", Self.one))
        #expect(Self.isContradicted("Its volume is 10–11.9 ml.", Self.one))
    }

    /// A draft states the displayed value, not another rounding of the same volume.
    @Test func aDraftStatesTheVolumeAsItIsShown() {
        #expect(Self.one.faults(in: "Whole tumour (including oedema): 12.3 ml.", citing: ["F2"]).isEmpty)
        for volume in ["12.345", "12.35", "12"] {
            #expect(
                !Self.one.faults(in: "Whole tumour (including oedema): \(volume) ml.", citing: ["F2"]).isEmpty,
                "\(volume)")
        }
    }

    /// The atlas gives 30 % insula and 4 % corpus callosum: a reader may call a structure spared that the atlas finds
    /// touched.
    @Test func aStructureWithLittleOfTheLesionMayBeCalledFree() {
        #expect(Self.isContradicted("No lesion in the insula.", Self.one))
        #expect(Self.isContradicted("No lesion in the frontal lobe.", Self.one))
        #expect(!Self.isContradicted("No lesion in the corpus callosum.", Self.one))
        #expect(!Self.isContradicted("No lesion in the occipital lobe.", Self.one))
    }

    /// The shares of a lesion from which it lies in a structure, mainly or entirely.
    @Test func aShareDecidesWhereALesionMainlyLies() {
        func check(_ places: [String: Double]) -> ClaimCheck { Self.check([Lesion(places: places)]) }
        let edge = "The lesion lies in the occipital lobe."
        #expect(!Self.isContradicted(edge, check(["frontal lobe": 0.9, "occipital lobe": 0.005])))
        #expect(Self.isContradicted(edge, check(["frontal lobe": 0.9, "occipital lobe": 0.0049])))
        let mainly = "The lesion lies mainly in the frontal lobe."
        #expect(!Self.isContradicted(mainly, check(["frontal lobe": 0.25, "temporal lobe": 0.5])))
        #expect(Self.isContradicted(mainly, check(["frontal lobe": 0.24, "temporal lobe": 0.3])))
        #expect(Self.isContradicted(mainly, check(["frontal lobe": 0.3, "temporal lobe": 0.61])))
        let entirely = "The lesion is confined to the frontal lobe."
        #expect(!Self.isContradicted(entirely, check(["frontal lobe": 0.75, "temporal lobe": 0.25])))
        #expect(!Self.isContradicted(entirely, check(["frontal lobe": 0.5, "temporal lobe": 0.2])))
        #expect(Self.isContradicted(entirely, check(["frontal lobe": 0.74, "temporal lobe": 0.21])))
        let together = "The lesion is confined to the frontal and temporal lobes."
        #expect(!Self.isContradicted(together, check(["frontal lobe": 0.5, "temporal lobe": 0.4])))
    }

    @Test func theTentoriumDividesTheBrain() {
        let check = Self.check([
            Lesion(places: ["frontal lobe": 0.95]),
            Lesion(side: "right", places: ["cerebellum": 0.95, "brainstem": 0.05]),
        ])
        #expect(!Self.isContradicted("One supratentorial and one infratentorial lesion.", check))
        for text in ["All lesions are supratentorial.", "Lesion 1 lies in the posterior fossa."] {
            #expect(Self.isContradicted(text, check), "\(text)")
        }
        let above = Self.check([Lesion(places: ["frontal lobe": 0.95, "brainstem": 0.04])])
        #expect(Self.isContradicted("Infratentorial tumour.", above))
        #expect(!Self.isContradicted("No infratentorial tumour.", above))
    }

    /// Where a part of the lesion lies is not measured by itself.
    @Test func enhancementMayBeAbsentFromAStructureWithLittleOfTheLesion() {
        let check = Self.check([
            Lesion(core: 5000, enhancing: 2000, places: ["frontal lobe": 0.3, "insula": 0.29])
        ])
        #expect(Self.isContradicted("No enhancement in the frontal lobe.", check))
        #expect(!Self.isContradicted("No enhancement in the insula.", check))
    }

    @Test func severalFociMayBeCalledMultifocal() {
        #expect(Self.isContradicted("Multifocal tumour.", Self.check([Lesion()])))
        #expect(!Self.isContradicted("Multifocal tumour.", Self.check([Lesion(), Lesion()])))
        #expect(Self.isContradicted("The disease is not multifocal.", Self.check([Lesion(), Lesion()])))
        #expect(Self.isContradicted("Unifocal tumour.", Self.check([Lesion(), Lesion()])))
        let butterfly = Self.check([Lesion(side: "both")])
        #expect(!Self.isContradicted("Butterfly tumour.", butterfly))
        #expect(Self.isContradicted("No butterfly configuration.", butterfly))
        #expect(Self.isContradicted("Butterfly tumour.", Self.check([Lesion()])))
    }

    @Test func aLesionOfBothSidesLiesOnEither() {
        let check = Self.check([Lesion(side: "both")])
        for side in ["left", "right"] {
            #expect(!Self.isContradicted("The lesion lies in the \(side) hemisphere.", check), "\(side)")
        }
        #expect(Self.isContradicted("The lesion lies in the right hemisphere.", Self.check([Lesion()])))
    }

    @Test func lesionsOfDifferentSidesAreBilateral() {
        let apart = Self.check([Lesion(), Lesion(whole: 2000, side: "right")])
        #expect(!Self.isContradicted("Bilateral lesions.", apart))
        #expect(!Self.isContradicted("Lesions in both hemispheres.", apart))
        let together = Self.check([Lesion(), Lesion(whole: 2000)])
        #expect(Self.isContradicted("Bilateral lesions.", together))
    }

    @Test func theLargerOneIsNamed() {
        let check = Self.check([Lesion(whole: 9000), Lesion(whole: 2000)])
        #expect(Self.isSupported("Lesion 1 is larger than lesion 2.", check))
        #expect(Self.isSupported("Lesion 2 is smaller than lesion 1.", check))
        #expect(Self.isContradicted("Lesion 2 is larger than lesion 1.", check))
        #expect(Self.isContradicted("Lesion 1 is smaller than lesion 2.", check))
        #expect(Self.isContradicted("Lesion 2 is larger than lesion 3.", check))
        #expect(Self.isContradicted("Lesion 2 is the largest lesion.", check))
    }

    /// The core is half of the whole tumour, and the enhancing part a fifth.
    @Test func aShareMayBeRounded() {
        let check = Self.check([Lesion(whole: 10_000, core: 5000, enhancing: 2000)])
        for text in ["50 %", "51 %", "50.5 %", "about 55 %"] {
            #expect(!Self.isContradicted("The core makes up \(text) of the whole tumour.", check), "\(text)")
        }
        for text in ["52 %", "50.8 %", "about 57 %", "40 %"] {
            #expect(Self.isContradicted("The core makes up \(text) of the whole tumour.", check), "\(text)")
        }
        #expect(!Self.isContradicted("The ratio of core to whole tumour is 50 %.", check))
        #expect(Self.isContradicted("The ratio of core to whole tumour is 80 %.", check))
    }

    /// A region at the minimum size counts as present; a smaller one does not.
    @Test func theSmallestPartIsPresent() {
        let just = Self.check([Lesion(core: 500, enhancing: 50)])
        #expect(!Self.isContradicted("There is enhancement.", just) && Self.isContradicted("No enhancement.", just))
        #expect(Self.isContradicted("Enhancement: none.", just))
        let less = Self.check([Lesion(core: 500, enhancing: 49)])
        #expect(Self.isContradicted("There is enhancement.", less) && !Self.isContradicted("No enhancement.", less))
        #expect(!Self.isContradicted("Enhancement: none.", less))
    }

    @Test func oedemaIsTheWholeWithoutTheCore() {
        let check = Self.check([Lesion(whole: 10_000, core: 4000, enhancing: 1000)])
        #expect(Self.isSupported("Oedema 6.0 ml.", check) && Self.isContradicted("Oedema 9.0 ml.", check))
    }

    /// `1,234` has two readings, `0,700` only one.
    @Test(arguments: [
        ("1,234", [1.234, 1234]), ("1.234", [1.234]), ("0,700", [0.7]), ("0.700", [0.7]), ("1,234,567", [1_234_567]),
        ("12,5", [12.5]), ("12", [12]),
    ]) func aNumberHasItsReadings(_ text: String, _ values: [Double]) {
        #expect(StatedNumber(text)?.readings.map(\.value) == values)
    }

    @Test func aNumbersLastDigitIsItsStep() {
        #expect(StatedNumber("12")?.readings.map(\.step) == [1])
        #expect(abs((StatedNumber("12.25")?.readings[0].step ?? 0) - 0.01) < 1e-12)
        #expect(StatedNumber("1,234")?.readings.last?.step == 1)
        #expect(StatedNumber("1.2.3") == nil)
    }

    /// A text with exactly the maximum number of sentences has been read completely.
    @Test func theLimitItselfIsRead() {
        let text = "It has 12.3 ml. It lies on the left."
        #expect(Self.one.remarks(on: text, sentences: 2).isWhole && Self.one.remarks(on: text, sentences: 3).isWhole)
        let cut = Self.one.remarks(on: text, sentences: 1)
        #expect(!cut.isWhole && cut.remarks.allSatisfy { $0.sentence == 1 })
    }

    @Test func aContactMayBeDenied() {
        for text in ["It does not reach the midline.", "It remains clear of the midline.", "It respects the midline."] {
            #expect(!Self.isContradicted(text, Self.one), "\(text)")
        }
        for text in ["It reaches the midline.", "It does not reach the cortical surface."] {
            #expect(Self.isContradicted(text, Self.one), "\(text)")
        }
    }

    @Test func aPercentageOfChangeFollowsFromBothVolumes() {
        for (text, isWrong) in [
            ("From 120 ml to 155 ml (+29 %).", false), ("From 120 ml to 155 ml (+30 %).", false),
            ("From 120 ml to 155 ml (+35 %).", true), ("From 100 ml to 50 ml (−50 %).", false),
            ("From 100 ml to 50 ml (−25 %).", true),
        ] {
            let check = Self.check([Lesion(whole: 155_000)])
            let found = check.remarks(on: "The tumour increased. " + text).filter { $0.kind == .comparison }
            let direct = check.remarks(on: "Change " + text.prefix(1).lowercased() + text.dropFirst())
                .filter { $0.kind == .comparison }
            #expect((found + direct).contains { $0.verdict == .contradicted } == isWrong, "\(text)")
        }
    }

    /// A word with one role must not count for another.
    @Test func noTwoRolesAreTheSame() {
        let roles: [Role] = [
            .target, .enhances, .foreign, .side, .place, .negation, .normal, .prior, .now, .conditional, .contact,
            .midline, .surface, .other, .hedge, .verb, .function, .measure, .adjective, .pronoun, .distance,
            .displacement, .change, .atLeast, .atMost, .larger, .smaller, .equal, .judgement, .countable, .extends,
            .diagnosis, .only, .dice, .volume, .elsewhere, .near, .involves, .negatedEnhancement, .exception, .pattern,
            .mainly, .entirely, .inside,
        ]
        #expect(Set(roles.map(\.rawValue)).count == roles.count)
        #expect(roles.allSatisfy { $0.rawValue.nonzeroBitCount == 1 })
    }
}
