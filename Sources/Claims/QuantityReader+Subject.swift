/// Finds what a quantity measures.
extension QuantityReader {
    /// `nil` if the quantity is of something else.
    func subject(of span: ClosedRange<Int>, after start: Int) -> Subject? {
        if let label = clause.label, !words.dropFirst(span.upperBound + 1).contains(where: { $0.token.number != nil }) {
            return Subject(lesion: clause.lesion, extents: label)
        }
        if let place = forward(span.upperBound) { return place < 0 ? nil : clause.subject(at: place) }
        if let subject = total() { return subject }
        let before = words.indices.filter { $0 > start && $0 < span.lowerBound }
        if words.contains(where: { ["together", "altogether", "combined"].contains($0.text) }) { return Subject() }
        // "core 70 cc, enhancing 51 cc"
        if let place = before.last, words[place].has(.enhances) { return clause.subject(at: place) }
        if let place = before.last(where: { words[$0].has(.target) || isOther($0) || isEnhancingPart($0) }) {
            // "Enhancing nodule of 9 mm": a part of the enhancing tumour that is not measured by itself
            return isOther(place) || words[place].text.hasSuffix("nodule")
                ? nil : clause.subject(at: clause.head(of: place))
        }
        if let place = partitive(span.upperBound) { return clause.subject(at: place) }
        if start >= 0, let place = words.prefix(start).lastIndex(where: { $0.has(.target) }) {
            return clause.subject(at: place)
        }
        return own
    }

    /// "118.6 ml in total": the whole tumour, unless a part of it was named.
    private func total() -> Subject? {
        let isTotal = words.indices.contains { place in
            ["overall", "altogether"].contains(words[place].text)
                || words[place].text == "total" && place > 0 && words[place - 1].text == "in"
        }
        guard isTotal, !clause.has(.foreign),
            !words.contains(where: { $0.has(.target) && $0.text != "total" || $0.has(.enhances) })
        else { return nil }
        let inherited = clause.inherited?.extents ?? []
        return Subject(extents: inherited.isEmpty ? [.whole] : inherited)
    }

    /// "85 ml of oedema", "85 ml of the whole tumour are oedema".
    private func partitive(_ unit: Int) -> Int? {
        guard words.indices.contains(unit + 1), words[unit + 1].text == "of" else { return nil }
        let targets = words.indices.filter { $0 > unit && words[$0].has(.target) }
        guard let first = targets.first else { return nil }
        if let second = targets.dropFirst().first,
            words[first..<second].contains(where: { ["is", "are"].contains($0.text) })
        {
            return second
        }
        return first
    }

    /// "The enhancing wall": a noun unknown to the lexicon for a part of the tumour.
    private func isEnhancingPart(_ place: Int) -> Bool {
        guard words[place].text.hasSuffix("enhancing"), words[place].has(.enhances) else { return false }
        return words.dropFirst(place + 1).first?.isUnknown ?? false
    }

    private func isOther(_ place: Int) -> Bool { words[place].has(.foreign) && !words[place].has(.target) }

    /// The previous clause's subject, with this clause's lesion and locations.
    private var own: Subject? {
        let named = clause.locations.filter(\.isAffirmed).map(\.location)
        var subject = clause.inherited ?? Subject()
        // "2 lesions, the largest on the left: 54.6 ml" may refer to either.
        if case .number = subject.lesion {} else { subject.lesion = .any }
        if clause.lesion != .any { subject.lesion = clause.lesion }
        if !named.isEmpty { subject.locations = named }
        return subject
    }

    /// The noun after a quantity ("25 mm lesion", "70 ml for the core"): its index, -1 for another noun, else `nil`.
    private func forward(_ unit: Int) -> Int? {
        if let next = words.dropFirst(unit + 1).first, next.text == "of" { return isOfOther(unit + 2) ? -1 : nil }
        for place in words.indices.dropFirst(unit + 1) {
            let word = words[place]
            guard word.token.isWord else { return nil }
            if word.has(.target) || word.has(.enhances) { return noun(place) }
            if word.has(.foreign) { return -1 }
            let leads = place == unit + 1 && ["for", "is", "are"].contains(word.text) || word.text == "the"
            guard leads || word.has(.adjective) || word.has(.side) || word.has(.place) else {
                return word.isUnknown && place == unit + 1 && !word.text.hasSuffix("ly") ? -1 : nil
            }
        }
        return nil
    }

    /// "7.5 ml of gadobutrol"
    private func isOfOther(_ place: Int) -> Bool {
        guard words.indices.contains(place) else { return false }
        let next = words[place]
        let isMedium = ["contrast", "gadolinium"].contains(next.text)
        return isMedium || next.isUnknown || next.has(.foreign) && !next.has(.target)
    }

    /// "Enhancing left frontal lesion" refers to the lesion.
    private func noun(_ place: Int) -> Int {
        guard words[place].text == "enhancing" else { return place }
        let between = words.dropFirst(place + 1).prefix { $0.has(.adjective) || $0.has(.side) || $0.has(.place) }
        let next = place + 1 + between.count
        return words.indices.contains(next) && words[next].has(.target) ? next : place
    }
}
