/// "Mainly frontal", "confined to the temporal lobe": how much of a lesion lies in the structures that follow.
enum DominanceReader {
    static func claims(of clause: Clause) -> [Claim] {
        guard clause.denial == nil, !clause.isPrior, let adverb = adverb(in: clause) else { return [] }
        let dominance: Claim.Dominance = clause.words[adverb].has(.entirely) ? .entirely : .mainly
        let named = places(clause, after: adverb)
        guard let first = named.first, let last = named.last else { return [] }
        var subject = clause.located
        subject.extents = []
        return [
            Claim(
                content: .dominance(dominance, places: named.compactMap(\.location.place)), subject: subject,
                range: first.location.range.lowerBound..<last.location.range.upperBound,
                text: "\(clause.words[adverb].text) \(named.map(\.location.name).listed)")
        ]
    }

    /// An adverb of the place, not of what follows it ("mainly solid tumour").
    private static func adverb(in clause: Clause) -> Int? {
        clause.words.indices.first { place in
            guard clause.words[place].has(.mainly) || clause.words[place].has(.entirely) else { return false }
            let rest = clause.words.dropFirst(place + 1).drop { $0.text == "the" }
            guard let next = rest.first else { return false }
            // "Most of the frontal lobe is involved" is a share of the lobe.
            if clause.words[place].text.hasSuffix(" of"), next.has(.place) || next.has(.side) { return false }
            return !next.has(.adjective) && !next.has(.enhances) && !next.has(.foreign) && !next.isUnknown
        }
    }

    /// The structures from the adverb on, without those that the lesion only extends to.
    private static func places(_ clause: Clause, after adverb: Int) -> [Clause.NamedLocation] {
        let first = clause.locations.first { $0.location.place != nil && $0.place > adverb }?.place ?? adverb
        let end =
            clause.words.indices.dropFirst(first + 1).first { place in
                let word = clause.words[place]
                return word.has(.extends) || word.has(.contact) || ["also", "with", "but"].contains(word.text)
            } ?? clause.words.count
        return clause.locations.filter {
            $0.location.place != nil && $0.place > adverb && $0.place < end && $0.isAffirmed && clause.isLocated(by: $0)
        }
    }
}

extension [String] {
    /// `a, b and c`
    var listed: String {
        guard let last, count > 1 else { return first ?? "" }
        return dropLast().joined(separator: ", ") + " and " + last
    }
}
