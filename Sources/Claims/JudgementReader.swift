/// Diagnoses, grades and other judgements that measurements cannot support.
struct JudgementReader {
    private let clauses: [Clause]
    /// In a draft a denied judgement is a judgement too.
    private let isStrict: Bool

    static func claims(of clauses: [Clause], isStrict: Bool) -> [Claim] {
        let reader = JudgementReader(clauses: clauses, isStrict: isStrict)
        return clauses.flatMap(reader.claims)
    }

    private func claims(of clause: Clause) -> [Claim] {
        clause.words.indices.compactMap { place in
            let word = clause.words[place]
            guard word.has(.judgement), !isMethodNote(clause, place),
                isStrict || !isDenied(clause, place) && !isOfOther(clause, place)
            else { return nil }
            return Claim(content: .judgement(word.text), range: word.range, text: word.text)
        }
    }

    private static let undetermined: Set<String> = [
        "unknown", "undetermined", "pending", "unclear", "remain", "remains", "open", "awaited", "outstanding",
    ]

    /// "No midline shift", "the grade cannot be assessed", "IDH status unknown": nothing is judged.
    private func isDenied(_ clause: Clause, _ place: Int) -> Bool {
        let isOpen = clauses.contains { clause in clause.words.contains { Self.undetermined.contains($0.text) } }
        guard let negation = clause.firstIndex(.negation) else { return isOpen && !clause.has(.target) }
        let rest = clause.words.dropFirst(negation + 1)
        return negation < place ? rest.first?.text != "doubt" : rest.contains { Self.findings.contains($0.text) }
    }

    private static let findings: Set<String> = [
        "assessed", "determined", "measured", "established", "derived", "inferred", "stated", "follows", "follow",
        "known",
        "possible", "evaluated", "judged", "given", "made", "drawn", "concluded",
    ]

    /// "No conclusion on tumour type or grade can be drawn."
    private func isMethodNote(_ clause: Clause, _ place: Int) -> Bool {
        clause.words[place].text == "grade" && place >= 2 && clause.words[place - 2].text == "type"
    }

    private static let incidental: Set<String> = [
        "incidental", "incidentally", "unchanged", "stable", "small", "known",
    ]

    /// "Fazekas grade 1", "meningioma of the falx, 1.2 ml": a scale, or a finding of its own beside the tumour.
    private func isOfOther(_ clause: Clause, _ place: Int) -> Bool {
        let word = clause.words[place]
        guard word.has(.foreign) else { return isOnOtherScale(clause, place) }
        guard !["mass effect", "midline shift"].contains(word.text), !clause.names(targetBesides: place) else {
            return false
        }
        let words = clauses.flatMap(\.words)
        return words.contains {
            $0.range != word.range
                && ($0.has(.foreign) || Self.incidental.contains($0.text) || ClaimUnit($0.text) != nil)
        }
    }

    /// A grade of something that is not the tumour.
    private func isOnOtherScale(_ clause: Clause, _ place: Int) -> Bool {
        guard clause.words[place].text.hasPrefix("grade") else { return false }
        return clause.has(.foreign) && !clause.names(targetBesides: place)
    }
}

extension Clause {
    fileprivate func names(targetBesides place: Int) -> Bool {
        words.indices.contains { $0 != place && words[$0].has(.target) }
    }
}
