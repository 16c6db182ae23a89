/// Whether a lesion, enhancement, oedema or necrosis is present.
enum PresenceReader {
    static func claims(of clause: Clause) -> [Claim] {
        guard let range = clause.range else { return [] }
        if let absent = clause.absent {
            var subject = Subject(lesion: clause.lesion, extents: absent)
            subject.locations = clause.locations.map(\.location)
            // "The thalamus is compressed but free of tumour."
            if absent.isEmpty, subject.locations.isEmpty, !clause.isFirst, let place = clause.inheritedPlace {
                subject.locations = [place]
            }
            let text = subject.locations.map(\.name).joined(separator: ", ")
            return [Claim(content: .presence(false), subject: subject, range: range, text: text)]
        }
        if let inherited = clause.inherited, clause.isAnswer("present") {
            return [Claim(content: .presence(true), subject: inherited, range: range, text: "present")]
        }
        return present(in: clause).map { place in
            var subject = Subject(lesion: clause.lesion)
            subject.extents =
                clause.words[place].has(.enhances) ? [.enhancing] : clause.words[place].term?.extents ?? []
            return Claim(
                content: .presence(true), subject: subject, range: clause.words[place].range,
                text: clause.words[place].text)
        }
    }

    /// Words after which a mentioned part is not claimed to be present.
    private static let abstract: Set<String> = [
        "evaluation", "assessment", "mask", "masks", "dice", "segmentation", "model", "analysis", "judged",
        "physiological",
    ]

    /// The indices of what is stated to be present.
    private static func present(in clause: Clause) -> [Int] {
        guard !clause.isTitle, !clause.has(.foreign), !clause.has(.normal), !clause.has(.other), !clause.has(.dice),
            !clause.has(.negation),
            !clause.has(.negatedEnhancement), !clause.words.contains(where: { abstract.contains($0.text) }),
            !clause.words.contains(where: { $0.token.number != nil }), !clause.has(.larger), !clause.has(.smaller)
        else { return [] }
        return clause.words.indices.filter { place in
            let word = clause.words[place]
            // "Including oedema" describes a volume.
            if ["incl", "excl", "with"].contains(where: word.text.hasPrefix) { return false }
            guard word.has(.target) || word.has(.enhances), !word.has(.diagnosis), !clause.describesOther(place) else {
                return false
            }
            return word.has(.enhances) || (word.term?.extents.count ?? 0) <= 1
        }
    }
}
