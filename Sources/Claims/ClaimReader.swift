/// Turns a sentence into claims about the tumour. Statements about other structures, technique, history and earlier
/// examinations are not claims.
struct ClaimReader {
    /// Whether every statement is about the tumour, as in a draft.
    let isStrict: Bool
    let limits: MethodLimits
    /// The last topic, which "it" refers to.
    private var topic = Clause.Topic.tumour

    init(limits: MethodLimits, isStrict: Bool) {
        self.limits = limits
        self.isStrict = isStrict
    }

    mutating func claims(of tokens: [Token]) -> [Claim] {
        let citations = tokens.flatMap { token -> [Claim] in
            guard case .citation(let ids) = token.kind else { return [] }
            return ids.map { Claim(content: .citation($0), range: token.range, text: $0) }
        }
        let words = withoutLimits(
            Word.words(
                of: tokens.filter { token in
                    if case .citation = token.kind { false } else { true }
                }))
        let clauses = clauses(of: words)
        var claims = JudgementReader.claims(of: clauses, isStrict: isStrict) + citations
        for clause in clauses where clause.topic == .tumour && (!clause.isPrior || isStrict) {
            claims += Self.claims(of: clause)
        }
        return claims + ChangeReader.claims(of: clauses)
    }

    private static func claims(of clause: Clause) -> [Claim] {
        LocationReader.claims(of: clause)
            + (clause.isConditional
                ? []
                : QuantityReader.claims(of: clause) + ShareReader.claims(of: clause) + PresenceReader.claims(of: clause)
                    + CountReader.claims(of: clause) + ContactReader.claims(of: clause) + OrderReader.claims(of: clause)
                    + PatternReader.claims(of: clause) + DominanceReader.claims(of: clause))
    }

    /// Clauses with their topic and inherited context.
    private mutating func clauses(of words: [Word]) -> [Clause] {
        var sentence = SentenceContext(of: words)
        for (clause, sign) in Clause.clauses(of: words) {
            var clause = sentence.inheriting(clause, sign)
            clause.topic = isStrict ? .tumour : topic(of: clause, isFirst: clause.isFirst, after: sentence.isOther)
            sentence.add(clause, sign)
        }
        return sentence.clauses
    }

    private mutating func topic(of clause: Clause, isFirst: Bool, after isOther: Bool) -> Clause.Topic {
        if clause.has(.dice) { return .tumour }
        // "Dose: 0.1 ml/kg, total 7 ml"
        if isOther, clause.isTotal { return .other }
        if clause.has(.elsewhere) {
            topic = .other
            return .other
        }
        // "Pineal cyst of 8 mm, unchanged, no enhancement."
        if isOther, !isFirst, clause.isBareDenialOfEnhancement { return .other }
        if clause.namesTarget {
            topic = .tumour
            return .tumour
        }
        if clause.has(.foreign) {
            topic = .other
            return .other
        }
        let isPronoun = clause.words.first?.has(.pronoun) ?? false
        if clause.hasUnknown, !isPronoun { return .other }
        if clause.has(.pattern) {
            topic = .tumour
            return .tumour
        }
        return isFirst || isPronoun ? topic : isOther ? .other : topic
    }

    /// Without limits of the method such as "of at least 0.05 ml" and "within 3 mm".
    private func withoutLimits(_ words: [Word]) -> [Word] {
        var kept: [Word] = []
        var place = 0
        while place < words.count {
            let isLimit = isLimit(words, place)
            if !isLimit || words[place].has(.contact) { kept.append(words[place]) }
            place += isLimit ? 3 : 1
        }
        return kept
    }

    private func isLimit(_ words: [Word], _ place: Int) -> Bool {
        guard words.indices.contains(place + 2), let number = words[place + 1].token.number,
            let unit = ClaimUnit(words[place + 2].text)
        else { return false }
        let stated = number.value * unit.scale
        let before = words[place].text.split(separator: " ").last.map(String.init) ?? ""
        let isVolume = abs(stated - limits.minimumVolume) < 1e-9 && ["least", "below", "≥", "<", "of"].contains(before)
        return isVolume || abs(stated - limits.cortexReach) < 1e-9 && ["within", "≤", ">", "under"].contains(before)
    }
}

extension Clause {
    /// "No enhancement", without saying of what.
    fileprivate var isBareDenialOfEnhancement: Bool {
        has(.negation) && has(.target)
            && words.filter { $0.has(.target) }.allSatisfy { $0.term?.extents == [.enhancing] }
            && locations.isEmpty && !has(.verb) && !has(.only) && words.count <= 5
    }

    /// Whether "total" is its only noun.
    fileprivate var isTotal: Bool {
        !has(.enhances) && words.filter { $0.has(.target) }.allSatisfy { $0.text.hasPrefix("total") } && has(.target)
    }
}
