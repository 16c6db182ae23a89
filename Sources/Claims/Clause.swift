/// A part of a sentence that makes one statement, with its context.
struct Clause: Sendable {
    /// What it is about.
    enum Topic: Sendable {
        /// The tumour, by name or as the previous topic.
        case tumour
        /// Another structure, or something unknown to the reader.
        case other
    }

    let words: [Word]
    var topic = Topic.tumour
    /// Whether it is about an earlier examination, the patient's history or a condition.
    var isPrior = false
    var isConditional = false
    /// Whether its sentence is about Dice coefficients.
    var isOfDice = false
    /// The extents in a bracket after it: "51.3 ml (enhancing)".
    var label: [Extent]?
    /// Whether its sentence makes an exception from what it denies ("apart from the known lesion, no enhancement").
    var isExcepting = false
    /// Whether it ends with a colon, so that the next statement is about it.
    var isTitle = false
    var isFirst = true
    /// Whether the previous clause introduced the number of lesions.
    var isOfCount = false
    /// The previous clause's subject, inherited by a clause without one.
    var inherited: Subject?
    /// The last location in the previous clause.
    var inheritedPlace: Location?

    init(_ words: [Word]) {
        self.words = words
        let isPlan = words.contains { Self.plans.contains($0.text) }
        isPrior = (has(.prior) || words.contains { $0.isYear || $0.token.isDate }) && !has(.now) && !isPlan
        isConditional = has(.conditional)
    }

    /// Resection and biopsy may also be planned.
    private static let plans: Set<String> = [
        "recommended", "planned", "suggested", "advised", "proposed", "scheduled", "plan",
    ]
    private static let past: Set<String> = ["was", "were", "had", "measured", "lay", "showed"]

    var isInPast: Bool { words.contains { Self.past.contains($0.text) } }

    func has(_ role: Role) -> Bool { words.contains { $0.has(role) } }
    func firstIndex(_ role: Role) -> Int? { words.firstIndex { $0.has(role) } }

    var namesTarget: Bool { has(.target) || has(.enhances) || has(.negatedEnhancement) }
    var hasUnknown: Bool { words.contains(where: \.isUnknown) }
    var range: Range<String.Index>? {
        guard let first = words.first, let last = words.last else { return nil }
        return first.range.lowerBound..<last.range.upperBound
    }

    /// Whether the noun after the word at `place` is unknown to the lexicon or does not belong to a tumour, so that the
    /// word only modifies that noun ("tumour progression", "temporal horn").
    func describesOther(_ place: Int) -> Bool {
        guard words.indices.contains(place + 1) else { return false }
        let next = words[place + 1]
        guard next.token.isWord else { return false }
        return next.isUnknown || next.has(.foreign) && !next.has(.measure)
    }
}

extension Clause {
    /// The maximum number of words in a clause; longer clauses are cut, so that reading time stays proportional to the
    /// text's length.
    private static let longest = 100
    private static let breaks: Set<String> = [",", ";", ":", "(", ")", "–", "—"]
    private static let conjunctions: Set<String> = [
        "but", "while", "whereas", "although", "except that", "however", "compared", "versus", "vs", "previously",
        "now", "currently",
    ]

    /// Splits at signs and conjunctions; at "and" if either side has its own verb.
    static func clauses(of words: [Word]) -> [(clause: Clause, sign: String)] {
        var found: [(Clause, String)] = []
        var start = 0
        func cut(_ end: Int, _ sign: String) {
            if end > start { found.append((Clause(Array(words[start..<end])), sign)) }
        }
        for (place, word) in words.enumerated() {
            if word.isSign, breaks.contains(word.text), !isRange(words, place), !isList(words, start, place) {
                cut(place, word.text)
                start = place + 1
            } else if place - start >= longest {
                cut(place, "")
                start = place
            } else if place > start,
                conjunctions.contains(word.text) || word.text == "and" && parts(words, start, place)
            {
                cut(place, word.text)
                start = place
            }
        }
        cut(words.count, "")
        return found
    }

    /// "the temporal, parietal and occipital lobes", "cerebellum, pons and medulla": a comma between locations.
    private static func isList(_ words: [Word], _ start: Int, _ place: Int) -> Bool {
        guard words[place].text == ",", place > start else { return false }
        let rest = words[(place + 1)...].prefix(longest).prefix { !($0.isSign && $0.text != ",") }
        let next = rest.first { !["the", "and", "or", "a"].contains($0.text) && !$0.has(.adjective) }
        guard let next, next.has(.place) || next.has(.side), isLocation(words, place - 1) else { return false }
        let isWhole = words[start..<place].contains { $0.has(.verb) || $0.has(.target) }
        return !(isWhole && rest.contains { $0.has(.verb) || $0.has(.normal) || $0.has(.target) })
    }

    private static func isLocation(_ words: [Word], _ place: Int) -> Bool {
        if words[place].has(.place) || words[place].has(.side) { return true }
        let isNoun = ["lobe", "lobes", "hemisphere", "hemispheres"].contains(words[place].text)
        return isNoun && place > 0 && (words[place - 1].has(.place) || words[place - 1].has(.side))
    }

    /// `12–13 ml`
    private static func isRange(_ words: [Word], _ place: Int) -> Bool {
        ["–", "—"].contains(words[place].text) && place > 0 && words[place - 1].token.number != nil
    }

    private static func parts(_ words: [Word], _ start: Int, _ place: Int) -> Bool {
        let rest = words[(place + 1)...].prefix(longest).prefix { !($0.isSign && breaks.contains($0.text)) }
        return words[start..<place].contains { $0.has(.verb) } && rest.contains { $0.has(.verb) }
    }
}
