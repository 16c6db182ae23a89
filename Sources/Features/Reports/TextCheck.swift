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
                citations(sentence) + TextNumbers.reasons(sentence, subject) + counts(sentence)
                + parts(sentence, subject) + sides(sentence, subject) + places(sentence, subject)
                + contacts(sentence, subject)
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

    private static let words = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ]

    private func counts(_ sentence: String) -> [String] {
        let measured = findings.first { $0.kind == .lesionCount }?.quantity
        return sentence.lowercased().matches(of: /\b([0-9]+|[a-z]+) (?:separate |distinct )?lesions?\b/)
            .compactMap { match in
                let word = String(match.output.1)
                guard let number = Self.number(word), let measured,
                    number != measured
                else { return nil }
                return "\(Int(measured)) lesions were found, not \(word)"
            }
    }

    private static func number(_ word: String) -> Double? {
        Double(word) ?? words.firstIndex(of: word).map(Double.init)
    }

    /// Parts of the core and enhancing foci: of the lesion that is named, else of any or of all together.
    private func parts(_ sentence: String, _ subject: TextSubject) -> [String] {
        let counts = subject.own.filter { $0.kind == .partCount }
        return sentence.lowercased().matches(of: /\b([0-9]+|[a-z]+) (?:[a-z]+ )?(parts|foc(?:i|us))\b/).compactMap {
            match in
            let region: TumourRegion = match.output.2 == "parts" ? .tumourCore : .enhancingTumour
            let measured = counts.filter { $0.region == region }.compactMap(\.quantity)
            let word = String(match.output.1)
            guard !measured.isEmpty, let number = Self.number(word), !measured.contains(number) else { return nil }
            return "\(word) \(match.output.2) of \(region.displayName) were not measured"
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
            ("not abut the cortical surface", "abuts the cortical surface", .cortexContact, "no"),
            ("abuts the cortical surface", "not abut the cortical surface", .cortexContact, "yes"),
            ("not come within", "comes within", .cortexContact, "no"),
            ("comes within", "not come within", .cortexContact, "yes"),
        ]
        return claims.filter { words, opposite, kind, answer in
            lowered.contains(words) && !lowered.contains(opposite)
                && !subject.own.contains { $0.kind == kind && $0.term == answer }
        }.map { words, _, kind, _ in
            let place = kind == .midlineContact ? "midline" : "cortical surface"
            return "what it says of the \(place) (“\(words)”) was not measured"
        }
    }

    private static func claims(_ sentence: String) -> [String] {
        ReportCheck.unmeasured(in: sentence).map { "nothing measured carries “\($0)”" }
    }
}
