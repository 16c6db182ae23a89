/// The number of lesions, parts and foci.
enum CountReader {
    private static let numbers: [String: Int] = [
        "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
        "single": 1,
        "solitary": 1,
    ]
    private static let several: Set<String> = ["multiple", "several", "numerous", "many", "both"]

    static func claims(of clause: Clause) -> [Claim] {
        guard !clause.has(.negation), !clause.has(.atMost), !clause.words.contains(where: { $0.text == "each" }) else {
            return []
        }
        return clause.words.indices.compactMap { place in
            let word = clause.words[place]
            if word.text == "one" || several.contains(word.text) || value(word) != nil {
                return claim(clause, place)
            }
            return nil
        }
    }

    private static func value(_ word: Word) -> Int? {
        if let number = word.token.number {
            return number.text.contains(where: { ".,".contains($0) }) ? nil : Int(number.text)
        }
        return numbers[word.text]
    }

    private static func claim(_ clause: Clause, _ place: Int) -> Claim? {
        let words = clause.words
        let (count, relation): (Int, Claim.Relation) =
            value(words[place]).map { ($0, isAtLeast(words, place) ? .atLeast : .equal) } ?? (2, .atLeast)
        guard let noun = noun(words, after: place) else {
            // "Number of lesions: 3"
            guard words.count == 1, clause.isOfCount else { return nil }
            return Claim(
                content: .count(count, .equal), range: words[place].range, text: "\(words[place].text) lesions")
        }
        var subject = Subject()
        if words[noun].has(.countable) {
            subject.locations = clause.locations.filter(\.isAffirmed).map(\.location)
            if words[place..<noun].contains(where: { $0.has(.enhances) }) { subject.extents = [.enhancing] }
        } else {
            subject = clause.subject(at: noun)
            subject.isPart = true
        }
        let range = words[place].range.lowerBound..<words[noun].range.upperBound
        return Claim(
            content: .count(count, relation), subject: subject, range: range,
            text: "\(words[place].text) \(words[noun].text)")
    }

    /// "Three foci of microhaemorrhage"
    private static func isOfOther(_ words: [Word], _ noun: Int) -> Bool {
        let rest = words.dropFirst(noun + 1)
        guard rest.first?.text == "of",
            let next = rest.dropFirst().first(where: { !$0.has(.adjective) && $0.text != "the" })
        else { return false }
        return next.has(.foreign) && !next.has(.target) || next.isUnknown
    }

    private static func isAtLeast(_ words: [Word], _ place: Int) -> Bool { place > 0 && words[place - 1].has(.atLeast) }

    /// The index of the counted noun, preceded only by adjectives.
    private static func noun(_ words: [Word], after place: Int) -> Int? {
        for next in words.indices.dropFirst(place + 1) {
            let word = words[next]
            guard word.token.isWord, !word.has(.foreign) else { return nil }
            if word.has(.countable) || word.has(.target) && word.term?.isPart == true {
                return isOfOther(words, next) ? nil : next
            }
            guard
                word.has(.adjective) || word.has(.judgement) || word.has(.enhances) || word.has(.side)
                    || word.has(.place) || word.text == "brain"
            else {
                return nil
            }
        }
        return nil
    }
}
