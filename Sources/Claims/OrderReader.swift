/// Size comparisons and superlatives.
enum OrderReader {
    static func claims(of clause: Clause) -> [Claim] {
        guard !clause.has(.negation) else { return [] }
        return comparison(in: clause).map { [$0] } ?? superlative(in: clause).map { [$0] } ?? equality(in: clause).map {
            [$0]
        } ?? []
    }

    /// "The core is larger than the oedema", "lesion 2 exceeds lesion 1".
    private static func comparison(in clause: Clause) -> Claim? {
        let words = clause.words
        guard
            let comparator = words.firstIndex(where: { ($0.has(.larger) || $0.has(.smaller)) && $0.text != "dominant" }
            ),
            words[comparator].text.hasSuffix("than") || words[comparator].text == "exceeds"
                || words.dropFirst(comparator + 1).prefix(2).contains(where: { $0.text == "than" }),
            let first = words.prefix(comparator).lastIndex(where: { $0.has(.target) }),
            let second = words.indices.dropFirst(comparator + 1).first(where: { words[$0].has(.target) })
        else { return nil }
        let pair = (subject(clause, first), subject(clause, second))
        guard pair.0 != pair.1, pair.0.lesion != .any || !pair.0.extents.isEmpty,
            pair.1.lesion != .any || !pair.1.extents.isEmpty
        else { return nil }
        let order: Claim.Order = words[comparator].has(.larger) ? .larger : .smaller
        return Claim(
            content: .order(order, than: pair.1), subject: pair.0,
            range: words[first].range.lowerBound..<words[second].range.upperBound,
            text: "\(words[first].text) \(words[comparator].text) \(words[second].text)")
    }

    /// A target with only its own number.
    private static func subject(_ clause: Clause, _ place: Int) -> Subject {
        var subject = Subject(extents: clause.words[place].term?.extents ?? [])
        if let number = clause.number(after: place) { subject.lesion = .number(number) }
        return subject
    }

    /// "Lesion 1 is the smallest lesion."
    private static func superlative(in clause: Clause) -> Claim? {
        let words = clause.words
        guard let verb = words.firstIndex(where: { $0.text == "is" }),
            let order = words[(verb + 1)...].firstIndex(where: { $0.text == "largest" || $0.text == "smallest" }),
            order <= verb + 2, !words[(order + 1)...].contains(where: { $0.has(.measure) }),
            let target = words.prefix(verb).firstIndex(where: { $0.has(.countable) })
        else { return nil }
        var subject = Subject(lesion: clause.number(after: target).map(Subject.Lesion.number) ?? .any)
        subject.locations = clause.locations.filter { $0.isAffirmed && $0.place < verb }.map(\.location)
        guard subject.lesion != .any || !subject.locations.isEmpty else { return nil }
        return Claim(
            content: .order(words[order].text == "largest" ? .largest : .smallest, than: Subject()), subject: subject,
            range: words[target].range.lowerBound..<words[order].range.upperBound,
            text: "\(words[target].text) is the \(words[order].text)")
    }

    /// "Both lesions are of equal size."
    private static func equality(in clause: Clause) -> Claim? {
        guard let equal = clause.firstIndex(.equal), let noun = clause.firstIndex(.countable),
            clause.words.contains(where: { ["size", "volume"].contains($0.text) || $0.text == "equally" })
        else { return nil }
        let range = clause.words[min(noun, equal)].range.lowerBound..<clause.words[max(noun, equal)].range.upperBound
        return Claim(content: .order(.equal, than: Subject()), range: range, text: "lesions of equal size")
    }
}
