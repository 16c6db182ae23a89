import Imaging
import Storage

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

    /// As many as are read of one text, several times what a report has.
    static let sentenceLimit = 1000
    /// Bytes up to which a text is read where it is; a longer one would keep an event loop from serving others.
    private static let shortText = 4096
    private static let pool = ThreadPool<Void>(name: "text-check", threads: 1) {}

    /// On a thread of its own where the text is long.
    package func remarks(ofLong text: String) async throws -> [Remark] {
        guard text.utf8.count > Self.shortText else { return remarks(on: text) }
        return try await Self.pool.run { _ in remarks(on: text) }
    }

    /// In the order of the text; empty for a text that says what was measured.
    package func remarks(on text: String) -> [Remark] {
        let sentences = Self.sentences(of: withoutQuotes(text))
        let rest = Remark(
            kind: .contradiction, sentence: Self.sentenceLimit + 1,
            message: "the text has too many sentences; it is not checked from here on")
        return remarks(on: sentences.prefix(Self.sentenceLimit))
            + (sentences.count > Self.sentenceLimit ? [rest] : [])
    }

    private func remarks(on sentences: ArraySlice<String>) -> [Remark] {
        sentences.enumerated().flatMap { index, sentence in
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

    // Compiled once: that takes a hundred times as long as to search a sentence. Nothing in them can change.
    nonisolated(unsafe) private static let citationBehind = /([.!?;])\s+(\[F[F0-9, ]*\])/
    nonisolated(unsafe) private static let sentenceEnd = /([.!?;])\s+/
    nonisolated(unsafe) private static let citation = /\[(F[0-9]+(?:, ?F[0-9]+)*)\]/
    nonisolated(unsafe) private static let lesionCount = /\b([0-9]+|[a-z]+) (?:separate |distinct )?lesions?\b/
    nonisolated(unsafe) private static let partCount = /\b([0-9]+|[a-z]+) (?:[a-z]+ )?(parts|foc(?:i|us))\b/
    nonisolated(unsafe) private static let sideWords: [(Regex<Substring>, Lesion.Side)] = [
        (#/\b[Ll]eft\b/#, .left), (#/\b[Rr]ight\b(?! angle)/#, .right),
        (
            #/[Bb]oth sides of the midline|[Aa]cross(?:es)? the midline|\b[Bb]ilateral|[Bb]oth hemispheres/#,
            .midline
        ),
    ]

    /// Ends of lines and full stops before a blank end a sentence; a sentence in capitals is read as one in small letters. Citations
    /// stand behind the full stop of their sentence and belong to it.
    static func sentences(of text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).map { String($0).trimmed }.filter { !ReportText.isHeading($0) }
            .map { $0.contains(where: \.isLowercase) ? $0 : $0.lowercased() }
            .flatMap { line in
                line.replacing(citationBehind) { " \($0.output.2)\($0.output.1)" }
                    .replacing(sentenceEnd) { "\($0.output.1)\n" }
                    .split(separator: "\n").map { String($0).trimmed }
            }.filter { $0.contains(where: \.isLetter) }
    }

    private func citations(_ sentence: String) -> [String] {
        let known = Set(findings.map(\.id))
        return sentence.matches(of: Self.citation)
            .flatMap { $0.output.1.split(separator: ",").map { String($0).trimmed } }
            .filter { !known.contains($0) }.map { "it cites \($0), which is no finding" }
    }

    private static let words = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ]

    private func counts(_ sentence: String) -> [String] {
        let measured = findings.first { $0.kind == .lesionCount }?.quantity
        return sentence.lowercased().matches(of: Self.lesionCount)
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
        return sentence.lowercased().matches(of: Self.partCount).compactMap { match in
            let region: TumourRegion = match.output.2 == "parts" ? .tumourCore : .enhancingTumour
            let measured = counts.filter { $0.region == region }.compactMap(\.quantity)
            let word = String(match.output.1)
            guard !measured.isEmpty, let number = Self.number(word), !measured.contains(number) else { return nil }
            return "\(word) \(match.output.2) of \(region.displayName) were not measured"
        }
    }

    private func sides(_ sentence: String, _ subject: TextSubject) -> [String] {
        let measured = Set(subject.own.filter { $0.kind == .side }.compactMap(\.term))
        return Self.sideWords.filter { sentence.contains($0.0) && !measured.contains($0.1.rawValue) }
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
