/// Whether there are several lesions, or lesions on both sides.
enum PatternReader {
    static func claims(of clause: Clause) -> [Claim] {
        guard !clause.has(.foreign), !clause.isExcepting else { return [] }
        return clause.words.indices.compactMap { place in
            guard let (pattern, isStated) = pattern(clause, place) else { return nil }
            let isPresent = clause.denial.map { $0 > place } ?? true
            guard isStated || !isPresent else { return nil }
            return Claim(
                content: .pattern(pattern, isPresent: isPresent), subject: clause.subjectOfPattern,
                range: clause.words[place].range, text: clause.words[place].text)
        }
    }

    /// The pattern of the word at `place`, and whether its presence is claimed: "bilateral" names a location, so only its
    /// denial is read here.
    private static func pattern(_ clause: Clause, _ place: Int) -> (Claim.Pattern, isStated: Bool)? {
        switch clause.words[place].text {
        case "multifocal", "multifocality", "multicentric", "multicentricity": (.multifocal, true)
        case "unifocal": (.unifocal, true)
        case "butterfly": (.butterfly, true)
        case "bihemispheric": (.bilateral, true)
        case "bilateral", "bilaterally": (.bilateral, !clause.namesTarget)
        case "multiple" where isOfLesions(clause, place): (.multifocal, false)
        default: nil
        }
    }

    /// "No multiple lesions": that several are present is read as their number.
    private static func isOfLesions(_ clause: Clause, _ place: Int) -> Bool {
        clause.words.dropFirst(place + 1).first { !$0.has(.adjective) && !$0.has(.enhances) }?.has(.countable) ?? false
    }
}

extension Clause {
    fileprivate var subjectOfPattern: Subject {
        firstIndex(.target).map { Subject(extents: words[$0].term?.extents ?? []) } ?? Subject()
    }
}
