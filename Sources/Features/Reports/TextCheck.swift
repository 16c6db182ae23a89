import Imaging

/// Reads a text that a person wrote against the measurements: numbers, sides and places that no finding states.
///
/// It knows no grammar, so it warns rather than forbids; a signer may stand by the text all the same.
package struct TextCheck: Sendable {
    /// What is odd in one sentence.
    package struct Remark: Encodable, Equatable, Sendable {
        package enum Kind: String, Codable, Sendable {
            /// A number, a side, a place or a contact that differs from what was measured.
            case contradiction
            /// Something that no measurement of ours can carry, such as a diagnosis: its author's own judgement.
            case unmeasured
        }

        package let kind: Kind
        /// From 1 on, headings not counted.
        package let sentence: Int
        package let message: String

        package var text: String { "Sentence \(sentence): \(message)." }
    }

    private let findings: [Finding]

    package init(_ findings: [Finding]) {
        self.findings = findings
    }

    /// In the order of the text; empty for a text that says what was measured.
    package func remarks(on text: String) -> [Remark] {
        Self.sentences(of: withoutQuotes(text)).enumerated().flatMap { index, sentence in
            let subject = TextSubject(sentence, findings)
            let contradictions =
                citations(sentence) + TextNumbers(sentence, subject).reasons + counts(sentence)
                + sides(sentence, subject) + places(sentence, subject) + contacts(sentence, subject)
            return contradictions.map { Remark(kind: .contradiction, sentence: index + 1, message: $0) }
                + Self.claims(sentence).map { Remark(kind: .unmeasured, sentence: index + 1, message: $0) }
        }
    }

    /// Reliability notes and reasons for review are quoted from the findings, so nothing in them is a measurement.
    private func withoutQuotes(_ text: String) -> String {
        findings.filter { [.reliability, .review].contains($0.kind) }.compactMap(\.term)
            .sorted { $0.count > $1.count }.reduce(text) { $0.replacing($1, with: "") }
    }

    /// Ends of lines and full stops before a blank end a sentence; lines without a small letter are headings. Citations
    /// stand behind the full stop of their sentence and belong to it.
    static func sentences(of text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).map(String.init).filter { $0.contains(where: \.isLowercase) }
            .flatMap { line in
                line.replacing(/([.!?;])\s+(\[F[F0-9, ]*\])/) { " \($0.output.2)\($0.output.1)" }
                    .replacing(/([.!?;])\s+/) { "\($0.output.1)\n" }
                    .split(separator: "\n").map { String($0).trimmed }
            }.filter { $0.contains(where: \.isLetter) }
    }

    private func citations(_ sentence: String) -> [String] {
        let known = Set(findings.map(\.id))
        return sentence.matches(of: /\[(F[0-9]+(?:, ?F[0-9]+)*)\]/)
            .flatMap { $0.output.1.split(separator: ",").map { String($0).trimmed } }
            .filter { !known.contains($0) }.map { "it cites \($0), which is no finding" }
    }

    private func counts(_ sentence: String) -> [String] {
        let words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
        let measured = findings.first { $0.kind == .lesionCount }?.quantity
        return sentence.lowercased().matches(of: /\b([0-9]+|[a-z]+) (?:separate |distinct )?lesions?\b/)
            .compactMap { match in
                let word = String(match.output.1)
                guard let number = Double(word) ?? words.firstIndex(of: word).map(Double.init), let measured,
                    number != measured
                else { return nil }
                return "\(Int(measured)) lesions were found, not \(word)"
            }
    }

    private func sides(_ sentence: String, _ subject: TextSubject) -> [String] {
        let measured = Set(subject.own.filter { $0.kind == .side }.compactMap(\.term))
        let words = [
            (#/\b[Ll]eft\b/#, Lesion.Side.left), (#/\b[Rr]ight\b(?! angle)/#, .right),
            (
                #/[Bb]oth sides of the midline|[Aa]cross(?:es)? the midline|\b[Bb]ilateral|[Bb]oth hemispheres/#,
                .midline
            ),
        ]
        return words.filter { sentence.contains($0.0) && !measured.contains($0.1.rawValue) }
            .map { "no lesion was measured on the \($0.1 == .midline ? "midline" : $0.1.rawValue)" }
    }

    private func places(_ sentence: String, _ subject: TextSubject) -> [String] {
        let measured = Set(subject.own.filter { $0.kind == .location }.compactMap(\.term))
        let lowered = sentence.lowercased()
        return AtlasStructure.allCases
            .filter { lowered.contains($0.name) && !measured.contains($0.name) }
            .map { "no lesion was measured in the \($0.name)" }
    }

    private func contacts(_ sentence: String, _ subject: TextSubject) -> [String] {
        let lowered = sentence.lowercased()
        let claims: [(String, String, Finding.Kind, String)] = [
            ("not reach the midline", "reaches the midline", .midlineContact, "no"),
            ("reaches the midline", "not reach the midline", .midlineContact, "yes"),
            ("not come within", "comes within", .cortexContact, "no"),
            ("comes within", "not come within", .cortexContact, "yes"),
        ]
        return claims.filter { words, opposite, kind, answer in
            lowered.contains(words) && !lowered.contains(opposite)
                && !subject.own.contains { $0.kind == kind && $0.term == answer }
        }.map { words, _, kind, _ in
            let place = kind == .midlineContact ? "midline" : "brain's surface"
            return "what it says of the \(place) (“\(words)”) was not measured"
        }
    }

    private static func claims(_ sentence: String) -> [String] {
        ReportCheck.unmeasured(in: sentence).map { "nothing measured carries “\($0)”" }
    }
}
