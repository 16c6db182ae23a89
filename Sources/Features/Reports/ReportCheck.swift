import Imaging

/// Holds every sentence of a draft against the findings that it cites: a number, a side or a contact that no cited finding
/// measured never reaches a reader, whoever wrote the sentence.
package struct ReportCheck {
    /// What is wrong with one sentence; it names the sentence by its place and holds nothing of the patient.
    package struct Fault: LoggableError, Equatable {
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

    /// Volumes, lengths and Dice must be those of cited findings of the region that the sentence names, rounded as everywhere.
    private func quantities(in text: String, _ cited: [Finding]) -> [String] {
        let stated = RegionWords.withoutLimits(text).replacing(/([0-9.]+) × ([0-9.]+ mm)/) {
            "\($0.output.1) mm × \($0.output.2)"
        }
        return RegionWords.clauses(of: stated).flatMap { clause in
            let own = cited.filter { finding in
                clause.regions.isEmpty || finding.measuredRegion.map(clause.regions.contains) != false
            }
            let lengths = clause.text.matches(of: /[0-9]+(?:\.[0-9]+)? (?:ml|mm)/).map { String($0.output) }
            let measured = own.compactMap(Self.text)
            let dice = text.contains("Dice") ? clause.text.matches(of: /[01]\.[0-9]+/).map { String($0.output) } : []
            let expected = own.filter { $0.kind == .expectedDice }.compactMap(\.quantity)
                .map { QuantityText.coefficient($0).text }
            return (lengths.filter { !measured.contains($0) } + dice.filter { !expected.contains($0) })
                .map { "no cited finding measures \($0)" }
        }
    }

    private static func text(of finding: Finding) -> String? {
        guard let quantity = finding.quantity else { return nil }
        return switch finding.unit {
        case "mm3": QuantityText.volume(quantity).text
        case "mm": QuantityText.length(quantity).text
        default: nil
        }
    }

    /// Lesions by their number, and how many lesions, parts and foci there are.
    private func counts(in text: String, _ cited: [Finding]) -> [String] {
        var reasons: [String] = []
        if let match = text.firstMatch(of: /Lesion ([0-9]+)/), let number = Int(match.1),
            !cited.allSatisfy({ $0.lesion == number })
        {
            reasons.append("it cites findings of another lesion than \(number)")
        }
        if Set(cited.compactMap(\.lesion)).count > 1 { reasons.append("it cites findings of several lesions") }
        for match in text.matches(of: /([0-9]+) (parts?|foc(?:us|i))/) {
            let region: TumourRegion = match.2.hasPrefix("part") ? .tumourCore : .enhancingTumour
            let isCounted = cited.contains {
                $0.kind == .partCount && $0.region == region && $0.quantity == Double(match.1)
            }
            if !isCounted { reasons.append("no cited finding counts \(match.0) of \(region.displayName)") }
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
            (#/both hemispheres|across the midline/#, .midline),
        ]
        return words.filter { text.contains($0.0) && !measured.contains($0.1.rawValue) }
            .map { "no cited finding says \($0.1.rawValue)" }
    }

    /// Every structure of the atlas with the share that is measured, and no share of anything else.
    private func places(in text: String, _ cited: [Finding]) -> [String] {
        let measured = cited.filter { $0.kind == .location }
        let named = AtlasStructure.allCases.filter { text.contains($0.name) }.filter { structure in
            !measured.contains { finding in
                let share = QuantityText.share(finding.quantity ?? 0).text
                return finding.term == structure.name && text.contains("\(structure.name) \(share)")
            }
        }
        let shares = text.matches(of: /[0-9]+ %/).count
        return named.map { "no cited finding places it in the \($0.name)" }
            + (shares > measured.count ? ["it states a share that no cited finding measures"] : [])
    }

    private func contacts(in text: String, _ cited: [Finding]) -> [String] {
        let lowered = text.lowercased()
        let claims: [(String, Finding.Kind, String)] = [
            ("reaches the midline", .midlineContact, "yes"), ("does not reach the midline", .midlineContact, "no"),
            ("abuts the cortical surface", .cortexContact, "yes"),
            ("does not abut the cortical surface", .cortexContact, "no"),
        ]
        return claims.filter { claim in
            lowered.contains(claim.0) && !cited.contains { $0.kind == claim.1 && $0.term == claim.2 }
        }.map { "no cited finding says that it \($0.0)" }
    }

    private func claims(in text: String) -> [String] {
        Self.unmeasured(in: text).map { "nothing measured carries “\($0)”" }
    }

    /// Words for what no measurement of ours can carry.
    static func unmeasured(in text: String) -> [String] {
        let lowered = text.lowercased().replacing(/neither nature nor grade|tumour type or grade/, with: "")
        return [
            "glioma", "glioblastoma", "astrocytoma", "metasta", "lymphoma", "malignan", "benign", "grade",
            "mass effect", "midline shift",
        ].filter { lowered.contains($0) }
    }
}
