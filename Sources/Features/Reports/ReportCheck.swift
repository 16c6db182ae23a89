import Imaging

/// Holds every sentence of a draft against the findings that it cites: a number, a side or a contact that no cited finding
/// measured never reaches a reader, whoever wrote the sentence.
package struct ReportCheck {
    /// What is wrong with one sentence; it names the sentence by its place and holds nothing of the patient.
    package struct Fault: Error, Equatable, CustomStringConvertible {
        /// From 1 on.
        package let sentence: Int
        package let reason: String

        package var description: String { "Sentence \(sentence): \(reason)." }
    }

    private let findings: [String: Finding]

    package init(_ findings: [Finding]) {
        self.findings = Dictionary(findings.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Everything that is wrong; empty for a sound draft.
    package func faults(in draft: ReportDraft) -> [Fault] {
        draft.sentences.enumerated().flatMap { index, sentence in
            reasons(against: sentence).map { Fault(sentence: index + 1, reason: $0) }
        }
    }

    private func reasons(against sentence: ReportDraft.Sentence) -> [String] {
        let cited = sentence.findings.compactMap { findings[$0] }
        guard !cited.isEmpty, cited.count == sentence.findings.count else {
            return ["it cites no finding or one that does not exist"]
        }
        // Reliability notes and reasons for review are quoted, not measured.
        let text = cited.compactMap { [.reliability, .review].contains($0.kind) ? $0.term : nil }
            .reduce(sentence.text) { $0.replacing($1, with: "") }
        return quantities(in: text, cited) + counts(in: text, cited) + sides(in: text, cited)
            + places(in: text, cited) + contacts(in: text, cited) + claims(in: text)
    }

    /// Volumes and lengths must be those of cited findings, rounded as the reports round.
    private func quantities(in text: String, _ cited: [Finding]) -> [String] {
        // The method's own limits, not measurements.
        let stated = text.replacing("at least 0.05 ml", with: "").replacing("within 3 mm", with: "")
        let measured = cited.compactMap { finding -> String? in
            guard let quantity = finding.quantity else { return nil }
            return switch finding.unit {
            case "mm3": ReportComposer.millilitres(quantity)
            case "mm": ReportComposer.millimetres(quantity)
            default: nil
            }
        }
        let expected = cited.filter { $0.kind == .expectedDice }.compactMap(\.quantity)
            .map { "Dice of " + ReportComposer.dice($0) }
        let quantities = stated.matches(of: /[0-9]+(?:\.[0-9]+)? (?:ml|mm)/).map { String($0.output) }
        let agreements = stated.matches(of: /Dice of [0-9.]*[0-9]/).map { String($0.output) }
        return (quantities.filter { !measured.contains($0) } + agreements.filter { !expected.contains($0) })
            .map { "no cited finding measures \($0)" }
    }

    /// Lesions by their number, and how many there are.
    private func counts(in text: String, _ cited: [Finding]) -> [String] {
        var reasons: [String] = []
        if let match = text.firstMatch(of: /Lesion ([0-9]+)/), let number = Int(match.1),
            !cited.allSatisfy({ $0.lesion == number })
        {
            reasons.append("it cites findings of another lesion than \(number)")
        }
        let count = cited.first { $0.kind == .lesionCount }?.quantity
        if let match = text.firstMatch(of: /(One|No|[0-9]+) (?:separate )?lesions?/) {
            let words: [Substring: Double] = ["One": 1, "No": 0]
            if (words[match.1] ?? Double(match.1)) != count {
                reasons.append("the number of lesions is not the cited one")
            }
        }
        return reasons
    }

    private func sides(in text: String, _ cited: [Finding]) -> [String] {
        let measured = Set(cited.filter { $0.kind == .side }.compactMap(\.term))
        let words = [
            (#/\b[Ll]eft\b/#, Lesion.Side.left), (#/\b[Rr]ight\b/#, .right),
            (#/both sides of the midline|across the midline/#, .midline),
        ]
        return words.filter { text.contains($0.0) && !measured.contains($0.1.rawValue) }
            .map { "no cited finding says \($0.1.rawValue)" }
    }

    /// Every structure of the atlas with the share that is measured, and no share of anything else.
    private func places(in text: String, _ cited: [Finding]) -> [String] {
        let measured = cited.filter { $0.kind == .location }
        let named = AtlasStructure.allCases.filter { text.contains($0.name) }.filter { structure in
            !measured.contains { finding in
                let share = ReportComposer.percent(finding.quantity ?? 0)
                return finding.term == structure.name && text.contains("the \(structure.name) (\(share))")
            }
        }
        let shares = text.matches(of: /[0-9]+ %/).count
        return named.map { "no cited finding places it in the \($0.name)" }
            + (shares > measured.count ? ["it states a share that no cited finding measures"] : [])
    }

    private func contacts(in text: String, _ cited: [Finding]) -> [String] {
        let claims: [(String, Finding.Kind, String)] = [
            (" reaches the midline", .midlineContact, "yes"), ("does not reach the midline", .midlineContact, "no"),
            (" comes within", .cortexContact, "yes"), ("does not come within", .cortexContact, "no"),
        ]
        return claims.filter { claim in
            text.contains(claim.0) && !cited.contains { $0.kind == claim.1 && $0.term == claim.2 }
        }.map { "no cited finding says that it\($0.0.hasPrefix(" ") ? $0.0 : " " + $0.0)" }
    }

    private func claims(in text: String) -> [String] {
        Self.unmeasured(in: text).map { "nothing measured carries “\($0)”" }
    }

    /// Words for what no measurement of ours can carry.
    static func unmeasured(in text: String) -> [String] {
        let lowered = text.lowercased().replacing("neither nature nor grade", with: "")
        return [
            "glioma", "glioblastoma", "astrocytoma", "metasta", "lymphoma", "malignan", "benign", "grade",
            "mass effect", "midline shift",
        ].filter { lowered.contains($0) }
    }
}
