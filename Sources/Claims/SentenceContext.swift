/// Context that the clauses of a sentence pass on.
struct SentenceContext {
    private(set) var clauses: [Clause] = []
    /// Whether the last clause was about another structure.
    private(set) var isOther = false
    private let isOfDice: Bool
    private let isExcepting: Bool
    /// Whether the rest is about an earlier examination ("Prior MRI: …").
    private var isPrior = false
    private var subject: Subject?
    private var place: Location?
    /// The sign before the next clause.
    private var opening = ""

    init(of words: [Word]) {
        isOfDice = words.contains { $0.has(.dice) }
        isExcepting = words.contains { $0.has(.exception) }
    }

    /// The next clause with its inherited context.
    func inheriting(_ clause: Clause, _ sign: String) -> Clause {
        var clause = clause
        clause.inherited = subject
        clause.inheritedPlace = place
        // "Whole tumour (including oedema): 0.00 ml" claims a volume, not a tumour.
        clause.isTitle = sign == ":" || sign == "(" && !clause.has(.verb)
        clause.isFirst = clauses.isEmpty
        clause.isOfDice = isOfDice
        clause.isExcepting = isExcepting || clause.goesBeyondLesion
        clause.isOfCount = clauses.last.map { $0.has(.countable) && $0.words.contains { $0.text == "number" } } ?? false
        if !clause.has(.now), isPrior || goesOnInPast(clause) { clause.isPrior = true }
        if opening == "(", clauses.last?.isPrior == true { clause.isPrior = true }
        return clause
    }

    /// "Three months ago, the tumour measured 120 ml."
    private func goesOnInPast(_ clause: Clause) -> Bool {
        guard let before = clauses.last else { return false }
        return before.isPrior && !before.namesTarget && clause.isInPast
    }

    mutating func add(_ clause: Clause, _ sign: String) {
        if opening == "(", let label = clause.asLabel, !clauses.isEmpty { clauses[clauses.count - 1].label = label }
        opening = sign
        if sign == ":", clause.isPrior || clause.isConditional { isPrior = true }
        isOther = clause.has(.foreign) || clause.topic == .other
        if let target = clause.lastTarget { subject = clause.subject(at: target) }
        if let named = clause.locations.last?.location { place = named }
        clauses.append(clause)
    }
}

extension Clause {
    /// The extents of a single-noun clause as the label of the preceding quantity.
    fileprivate var asLabel: [Extent]? {
        let own = words.filter { !$0.isSign }
        guard own.count == 1, let word = own.first else { return nil }
        if word.text == "whole" || word.text == "total" { return [.whole] }
        if word.text == "enhancing" { return [.enhancing] }
        return word.has(.target) && word.term?.extents.isEmpty == false ? word.term?.extents : nil
    }

    /// "no enhancement beyond the known lesion", but not "beyond the midline"
    fileprivate var goesBeyondLesion: Bool {
        guard let beyond = words.firstIndex(where: { $0.text == "beyond" }) else { return false }
        return words.dropFirst(beyond + 1).contains { $0.has(.target) }
    }

    /// The index of the last word for the tumour or a part of it.
    var lastTarget: Int? { words.lastIndex { $0.has(.target) } }
}
