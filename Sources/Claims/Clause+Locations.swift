extension Clause {
    /// A location in a clause.
    struct NamedLocation: Sendable {
        let location: Location
        /// The index of its last word.
        let place: Int
        var isAffirmed: Bool
        /// Whether the subject extends to it rather than is located in it.
        let isExtension: Bool
    }

    /// The sides and structures that belong to the brain and its lesions, not to other nouns.
    var locations: [NamedLocation] {
        var finder = LocationFinder(clause: self)
        for place in words.indices { finder.read(place) }
        return finder.finished
    }

    /// "left hemisphere", "left frontal lesion", "on the left", but not "left arm" and not "shifted to the left".
    fileprivate func sideApplies(_ place: Int) -> Bool {
        if words.prefix(place).contains(where: { $0.has(.displacement) }) { return false }
        if Tokenizer.abbreviatedSides.contains(words[place].text), !isAbbreviatedSide(place) { return false }
        if words[place].text == "both" {
            return words.indices.contains(place + 1) && (words[place + 1].has(.place) || words[place + 1].has(.side))
        }
        for next in words.indices.dropFirst(place + 1) {
            let word = words[next]
            guard word.token.isWord, !word.has(.foreign), !word.has(.displacement) else { return !word.token.isWord }
            if word.has(.place) { return !(word.term?.isAdjectivalPlace ?? false) || placeApplies(next) }
            if word.has(.target) || word.has(.side) { return true }
            if word.has(.adjective) || word.has(.enhances) || word.has(.negatedEnhancement) { continue }
            return !word.isUnknown
        }
        return true
    }

    /// "R frontal", "Lt hemisphere", but not "1.2 l" and not "R: 4 mm".
    private func isAbbreviatedSide(_ place: Int) -> Bool {
        if place > 0, words[place - 1].token.number != nil { return false }
        guard let next = words.dropFirst(place + 1).first, next.token.isWord else { return false }
        return next.has(.place) || next.has(.target) || next.has(.side) || next.has(.adjective) || next.has(.enhances)
            || ["side", "sided", "lobe"].contains(next.text) || next.text.hasPrefix("hemispher")
    }

    /// "frontal lobe", "frontal mass", but not "frontal sinus".
    fileprivate func placeApplies(_ place: Int) -> Bool {
        for next in words.indices.dropFirst(place + 1) {
            let word = words[next]
            guard word.token.isWord else { return true }
            if word.has(.foreign) { return false }
            if word.has(.place) { return !(word.term?.isAdjectivalPlace ?? false) || placeApplies(next) }
            if word.has(.target) || word.has(.side) { return true }
            if word.has(.adjective) || word.has(.enhances) || word.has(.negatedEnhancement) { continue }
            return !word.isUnknown
        }
        return true
    }

    private static let participles: Set<String> = [
        "involved", "infiltrated", "affected", "reached", "invaded", "touched", "abutted",
    ]

    private static let sightings: Set<String> = [
        "seen", "found", "visible", "detected", "identified", "noted", "present", "evident", "shown", "demonstrated",
    ]

    /// The index of the word from which statements are negated; `nil` if none are.
    var denial: Int? {
        if let negation = firstIndex(.negation) { return negation }
        return words.firstIndex { $0.text == "spares" || $0.text == "sparing" }
    }

    /// Whether the clause affirms that the subject is at the location at `place`.
    fileprivate func isAffirmed(_ place: Int) -> Bool {
        guard let denial else { return !has(.normal) }
        if place > denial { return false }
        // "The thalamus is not involved."
        let rest = words.dropFirst(denial + 1)
        if rest.contains(where: { Self.participles.contains($0.text) }) { return false }
        return namesTarget || !rest.contains { Self.sightings.contains($0.text) }
    }
}

/// Combines the sides and structures of a clause, word by word.
private struct LocationFinder {
    let clause: Clause
    private var found: [Clause.NamedLocation] = []
    /// A side whose structure is pending.
    private var side: (value: Side, place: Int)?
    /// The side that "and the …" continues.
    private var last: Side?

    init(clause: Clause) { self.clause = clause }

    private var words: [Word] { clause.words }

    mutating func read(_ place: Int) {
        let word = words[place]
        if let value = word.term?.side, clause.sideApplies(place) { readSide(value, place) }
        guard let name = word.term?.place, !(word.term?.isAdjectivalPlace ?? false) || clause.placeApplies(place) else {
            return
        }
        let start = side.map { words[$0.place].range.lowerBound } ?? word.range.lowerBound
        let named = word.text.hasPrefix("bi") ? Side.both : side?.value ?? last
        add(Location(side: named, place: name, range: start..<word.range.upperBound), place)
        last = named
        side = nil
    }

    private mutating func readSide(_ value: Side, _ place: Int) {
        flush()
        last = nil
        // "The temporal lobe is normal on the left."
        let before = words.prefix(place).suffix(2).map(\.text)
        let isBehind = before.last == "on" || before == ["on", "the"]
        if isBehind, found.contains(where: { $0.location.side == nil }) {
            found = found.map { $0.location.side == nil ? $0.with(value) : $0 }
            return
        }
        side = (value, place)
        let next = words.indices.contains(place + 1) ? words[place + 1].text : ""
        if next.hasPrefix("hemispher")
            || ["side", "sided"].contains(next) && words.dropFirst(place + 2).first?.has(.place) != true
        {
            flush()
        }
    }

    private mutating func flush() {
        if let side { add(Location(side: side.value, range: words[side.place].range), side.place) }
        side = nil
    }

    private mutating func add(_ location: Location, _ place: Int) {
        let isExtension = clause.firstIndex(.extends).map { $0 < place } ?? false
        found.append(
            Clause.NamedLocation(
                location: location, place: place, isAffirmed: clause.isAffirmed(place), isExtension: isExtension))
    }

    var finished: [Clause.NamedLocation] {
        var finder = self
        finder.flush()
        return finder.found
    }
}

extension Clause.NamedLocation {
    fileprivate func with(_ side: Side) -> Clause.NamedLocation {
        var location = location
        location.side = side
        return Clause.NamedLocation(location: location, place: place, isAffirmed: isAffirmed, isExtension: isExtension)
    }
}
