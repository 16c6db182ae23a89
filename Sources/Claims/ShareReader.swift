/// Percentages and fractions: of a lesion in a structure, or of one part of the tumour in another.
struct ShareReader {
    private struct Stated {
        /// 0...1
        let value: Double
        let step: Double
        let relation: Claim.Relation
        let span: ClosedRange<Int>
    }

    private let clause: Clause

    static func claims(of clause: Clause) -> [Claim] { ShareReader(clause: clause).claims }

    private init(clause: Clause) { self.clause = clause }

    private var words: [Word] { clause.words }

    private var claims: [Claim] {
        guard !clause.has(.change), !clause.isOfDice else { return [] }
        return (percentages + fractions).compactMap(claim) + completeness
    }

    /// "Almost the whole lesion enhances", "it enhances almost completely".
    private var completeness: [Claim] {
        guard clause.denial == nil, let verb = words.firstIndex(where: { ["enhances", "enhance"].contains($0.text) })
        else { return [] }
        let isWhole = words.prefix(verb).indices.contains { place in
            let isAll = words[place].text.hasPrefix("whole") || words[place].text.hasPrefix("entire")
            // "half of the whole tumour enhances"
            return isAll && !words[..<place].contains { $0.text.hasSuffix("of") }
        }
        let isCompletely = words.dropFirst(verb + 1).contains { $0.has(.entirely) && $0.text != "only" }
        guard isWhole || isCompletely else { return [] }
        let subject = words.prefix(verb).lastIndex { $0.has(.target) }
        return [
            Claim(
                content: .ratio(0.8, step: 0, .atLeast, of: subject.map(extents) ?? [.whole, .core]),
                subject: Subject(lesion: clause.lesion, extents: [.enhancing]), range: words[verb].range,
                text: "almost all")
        ]
    }

    private var percentages: [Stated] {
        StatedQuantity.all(in: words).filter { $0.unit == .percent && $0.form == .list && $0.numbers.count == 1 }.map {
            let reading = $0.numbers[0].readings[0]
            let before = $0.span.lowerBound > 0 ? words[$0.span.lowerBound - 1] : nil
            let relation: Claim.Relation =
                before?.has(.atLeast) == true
                ? .atLeast : before?.has(.atMost) == true ? .atMost : before?.has(.hedge) == true ? .about : .equal
            return Stated(value: reading.value / 100, step: reading.step / 100, relation: relation, span: $0.span)
        }
    }

    private static let fractions: [String: (value: Double, step: Double)] = [
        "half": (0.5, 0.2), "third": (1 / 3, 0.17), "quarter": (0.25, 0.16), "thirds": (2 / 3, 0.17),
        "quarters": (0.75, 0.16),
    ]

    /// "about a third of", "more than half of", "most of".
    private var fractions: [Stated] {
        words.indices.compactMap { place in
            let text = words[place].text
            if text == "most of" || text == "majority of" || text == "bulk of" {
                return Stated(value: 0.5, step: 0, relation: .atLeast, span: place...place)
            }
            guard words.indices.contains(place + 1), words[place + 1].text == "of" else { return nil }
            guard let (value, step) = Self.fractions[text] else { return nil }
            let before = words.prefix(place).suffix(2)
            if before.contains(where: { $0.has(.atLeast) }) {
                return Stated(value: value, step: 0, relation: .atLeast, span: place...place)
            }
            if before.contains(where: { $0.has(.atMost) }) {
                return Stated(value: value, step: 0, relation: .atMost, span: place...place)
            }
            return Stated(value: value, step: step, relation: .equal, span: place...place)
        }
    }

    private func claim(_ stated: Stated) -> Claim? {
        let range = words[stated.span.lowerBound].range.lowerBound..<words[stated.span.upperBound].range.upperBound
        let text = words[stated.span].map(\.token.text).joined(separator: " ")
        let isRatioWord = words.contains { $0.text == "ratio" }
        if !isRatioWord, let place = place(of: stated) {
            // "Most of the lesion lies in …" is read by `DominanceReader`.
            guard stated.step > 0 else { return nil }
            return Claim(
                content: .share(stated.value, step: stated.step, of: place),
                subject: Subject(lesion: clause.lesion, locations: []), range: range, text: text)
        }
        guard let (part, whole) = ratio(stated, isRatioWord: isRatioWord) else {
            return Claim(content: .share(stated.value, step: stated.step, of: nil), range: range, text: text)
        }
        return Claim(
            content: .ratio(stated.value, step: stated.step, stated.relation, of: whole), subject: part, range: range,
            text: text)
    }

    // MARK: Places

    /// The structure of the percentage; `nil` for a share of the structure itself ("30 % of the frontal lobe").
    private func place(of stated: Stated) -> Location? {
        let named = clause.locations.filter { $0.location.place != nil }
        if named.isEmpty {
            return clause.words.count <= stated.span.count + 2
                ? clause.inheritedPlace.flatMap { $0.place == nil ? nil : $0 } : nil
        }
        if let before = named.last(where: { $0.place < stated.span.lowerBound }) { return before.location }
        guard let after = named.first(where: { $0.place > stated.span.upperBound }) else { return nil }
        let between = words[(stated.span.upperBound + 1)..<after.place].map(\.text)
        let isOfPlace =
            between.first == "of" && !between.contains("in") && !words[..<after.place].contains { $0.has(.target) }
        return isOfPlace || between.first == "of" && !between.contains("in") ? nil : after.location
    }

    // MARK: Ratios

    private func ratio(_ stated: Stated, isRatioWord: Bool) -> (Subject, [Extent])? {
        let targets = words.indices.filter {
            words[$0].has(.target) || words[$0].has(.enhances) && words[$0].text != "enhancing"
        }
        let before = targets.filter { $0 < stated.span.lowerBound }
        let after = targets.filter { $0 > stated.span.upperBound }
        if isRatioWord, before.count >= 2 { return pair(before[before.count - 2], before[before.count - 1]) }
        let next = words.indices.contains(stated.span.upperBound + 1) ? words[stated.span.upperBound + 1].text : ""
        let isOf = next == "of" || words[stated.span.upperBound].text.hasSuffix(" of")
        if isOf, let whole = after.first {
            if let part = before.last { return pair(part, whole) }
            if after.count > 1 { return pair(after[1], whole) }
            guard let inherited = clause.inherited, !inherited.extents.isEmpty else { return nil }
            return (inherited, extents(of: whole))
        }
        guard let part = before.last, !clause.subject(at: part).extents.isEmpty else { return nil }
        return (clause.subject(at: part), [.whole, .core])
    }

    private func pair(_ part: Int, _ whole: Int) -> (Subject, [Extent])? {
        let subject = clause.subject(at: part)
        return subject.extents.isEmpty ? nil : (subject, extents(of: whole))
    }

    private func extents(of place: Int) -> [Extent] {
        let named = clause.subject(at: place).extents
        guard named.isEmpty else { return named }
        // A lesion includes its oedema; a tumour or mass may mean the core.
        return words[place].text.hasPrefix("lesion") ? [.whole] : [.whole, .core]
    }
}
