/// Diagnoses, grades and other judgements that measurements cannot support.
enum JudgementReader {
    static func claims(of clause: Clause) -> [Claim] {
        clause.words.indices.compactMap { place in
            let word = clause.words[place]
            guard word.has(.judgement), !isMethodNote(clause, place) else { return nil }
            return Claim(content: .judgement(word.text), range: word.range, text: word.text)
        }
    }

    /// "No conclusion on tumour type or grade can be drawn."
    private static func isMethodNote(_ clause: Clause, _ place: Int) -> Bool {
        clause.words[place].text == "grade" && place >= 2 && clause.words[place - 2].text == "type"
    }
}
