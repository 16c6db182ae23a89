extension Clause {
    /// The tumour or the part of it that the word at `place` refers to.
    func subject(at place: Int) -> Subject {
        var subject = Subject(lesion: lesion, locations: locations.filter(\.isAffirmed).map(\.location))
        let term = words[place].term
        subject.extents = term?.extents ?? []
        subject.isPart = term?.isPart ?? false
        if term?.extents.isEmpty == true, let whole = modifier { subject.extents = whole }
        if words[place].has(.enhances) { subject.extents = [.enhancing] }
        if let other = coordinated(with: place) { subject.extents += other }
        if subject.isPart, words[place].text.hasPrefix("part"), let inherited, !inherited.extents.isEmpty {
            subject.extents = inherited.extents
        }
        return subject
    }

    /// "The necrotic part of the core" refers to the necrotic part.
    func head(of place: Int) -> Int {
        let before = words.prefix(place).reversed().drop {
            ["the", "a", "an", "this"].contains($0.text) || $0.has(.adjective)
        }
        guard before.first?.text == "of" else { return place }
        let of = before.count - 1
        guard of > 0, words[of - 1].has(.target), words[of - 1].term?.extents.isEmpty == false else { return place }
        return of - 1
    }

    /// "including oedema" beside "the tumour".
    private var modifier: [Extent]? {
        // "155.1 ml with and 70.2 ml without oedema"
        guard words.count(where: { ClaimUnit($0.text) != nil }) < 2 else { return nil }
        return named
    }

    private var named: [Extent]? {
        words.first {
            $0.has(.target) && ($0.text.hasPrefix("incl") || $0.text.hasPrefix("with") || $0.text.hasPrefix("excl"))
        }?
        .term?.extents
    }

    /// What "core and whole tumour" refers to besides the second.
    private func coordinated(with place: Int) -> [Extent]? {
        var extents: [Extent] = []
        var place = place
        while place >= 2, ["and", "/"].contains(words[place - 1].text), words[place - 2].has(.target) {
            extents += words[place - 2].term?.extents ?? []
            place -= 2
        }
        return extents.isEmpty ? nil : extents
    }

    /// The selected lesion, by number, order or size.
    var lesion: Subject.Lesion {
        for (place, word) in words.enumerated() {
            if word.has(.countable), let number = number(after: place) { return .number(number) }
            if let ordinal = ["first", "second", "third", "fourth"].firstIndex(of: word.text), names(after: place),
                !words.prefix(place).contains(where: { $0.has(.countable) })
            {
                return .number(ordinal + 1)
            }
            guard isAttributive(place) else { continue }
            if word.text == "largest" || word.text == "larger" || word.text == "dominant" { return .largest }
            if word.text == "smallest" || word.text == "smaller" { return .smallest }
        }
        return namesTarget ? .any : inherited?.lesion ?? .any
    }

    /// `lesion 2`, `lesion no. 2`
    func number(after place: Int) -> Int? {
        for next in words.dropFirst(place + 1).prefix(3) {
            if let number = next.token.number { return follows(next) ? nil : Int(number.text) }
            guard ["no", "number", "#", "."].contains(next.text) else { return nil }
        }
        return nil
    }

    /// Whether a unit follows a number, so that it is not a lesion number.
    private func follows(_ word: Word) -> Bool {
        guard let place = words.firstIndex(where: { $0.range == word.range }), words.indices.contains(place + 1) else {
            return false
        }
        let next = words[place + 1].text
        return ClaimUnit(next) != nil || ["x", "×", "/"].contains(next)
    }

    private func names(after place: Int) -> Bool {
        words.dropFirst(place + 1).prefix { !$0.isSign && !$0.has(.verb) }.prefix(2).contains { $0.has(.countable) }
    }

    /// "the larger lesion", "the larger one", "the largest lies …": not a diameter, a comparison or "is the largest".
    private func isAttributive(_ place: Int) -> Bool {
        if words.prefix(place).contains(where: { $0.text == "is" || $0.text == "are" }) { return false }
        for next in words.dropFirst(place + 1) {
            if next.text == "than" || next.has(.measure), !next.has(.verb) { return false }
            if next.has(.countable) || next.text == "one" { return true }
            if next.has(.verb) || next.text == "in" { return place <= 1 }
            guard next.has(.adjective) || next.has(.side) || next.has(.place) || next.has(.enhances) else {
                return false
            }
        }
        return false
    }
}
