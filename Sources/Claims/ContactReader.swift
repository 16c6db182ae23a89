/// Whether a lesion reaches the midline or the brain's surface.
enum ContactReader {
    private static let crossing: Set<String> = [
        "crosses", "cross", "crossing", "crossed", "across", "beyond", "extends over", "extending over",
        "extension over",
    ]
    private static let denying: Set<String> = ["clear of", "respects", "respected"]
    /// Without a stated distance.
    private static let clearances: Set<String> = [
        "clear of", "clear", "remote", "away", "far", "distant", "separate", "separated", "spared", "spares", "sparing",
    ]
    private static let named: Set<String> = ["motor", "sensory", "visual", "auditory", "somatosensory", "entorhinal"]

    static func claims(of clause: Clause) -> [Claim] {
        guard let contact = clause.firstIndex(.contact), !clause.has(.displacement),
            !clause.has(.distance) || isWithin(clause)
        else { return claimsClear(of: clause) }
        return claims(of: clause, contact, isClear: denying.contains(clause.words[contact].text))
    }

    /// "remains clear of the midline"
    private static func claimsClear(of clause: Clause) -> [Claim] {
        guard !clause.words.contains(where: { $0.token.number != nil }),
            let clear = clause.words.firstIndex(where: { clearances.contains($0.text) })
        else { return [] }
        return claims(of: clause, clear, isClear: true)
    }

    private static func isWithin(_ clause: Clause) -> Bool { clause.words.contains { crossing.contains($0.text) } }

    private static func claims(of clause: Clause, _ contact: Int, isClear: Bool) -> [Claim] {
        var subject = clause.lastTargetOrInherited
        subject.lesion = clause.lesion
        let isDenied = isClear || clause.has(.negation)
        guard !clause.isContactOfOther(before: contact, isDenied: isDenied) else { return [] }
        return clause.words.indices.compactMap { place in
            let word = clause.words[place]
            guard word.has(.midline) || word.has(.surface) && !isNamed(clause, place) else { return nil }
            guard !clause.describesOther(place) else { return nil }
            let start = min(contact, place)
            let end = max(contact, place)
            let range = clause.words[start].range.lowerBound..<clause.words[end].range.upperBound
            return Claim(
                content: .contact(
                    isMidline: word.has(.midline), isPresent: !isDenied,
                    isCrossing: crossing.contains(clause.words[contact].text)
                        || clause.words[contact].text.hasPrefix("respect")),
                subject: subject, range: range, text: clause.words[start...end].map(\.text).joined(separator: " "))
        }
    }

    /// A named cortex ("motor cortex") is not the surface in general.
    private static func isNamed(_ clause: Clause, _ place: Int) -> Bool {
        place > 0 && named.contains(clause.words[place - 1].text)
    }
}

extension Clause {
    /// "Two vessels cross the midline", "oedema that spares the cortex": another structure, or a part of the lesion whose
    /// contact was not measured by itself.
    fileprivate func isContactOfOther(before contact: Int, isDenied: Bool) -> Bool {
        guard let subject = words.prefix(contact).last(where: { $0.has(.target) || $0.has(.foreign) }) else {
            return false
        }
        guard subject.has(.target) else { return true }
        let extents = subject.term?.extents ?? []
        return isDenied && !extents.isEmpty && !extents.contains(.whole)
    }

    fileprivate var lastTargetOrInherited: Subject {
        var subject = lastTarget.map(subject) ?? inherited ?? Subject()
        subject.extents = []
        return subject
    }
}
