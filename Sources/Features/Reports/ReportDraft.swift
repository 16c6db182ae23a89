/// A report's text as composed: every sentence cites its findings.
package struct ReportDraft: Codable, Equatable, Sendable {
    /// The sections of a radiology report, in order.
    package enum Section: String, Codable, CaseIterable, Sendable {
        case technique = "Technique"
        case findings = "Findings"
        case impression = "Impression"
        case limits = "Limits of the method"
    }

    package struct Sentence: Codable, Equatable, Sendable {
        package let section: Section
        package let text: String
        /// The ids of its findings; at least one.
        package let findings: [String]
    }

    package let sentences: [Sentence]

    /// Plain text, with the findings in square brackets after each sentence.
    package var text: String {
        Section.allCases.compactMap { section in
            let own = sentences.filter { $0.section == section }
            guard !own.isEmpty else { return nil }
            let lines = own.map { "\($0.text) [\($0.findings.joined(separator: ", "))]" }
            return ([section.rawValue.uppercased()] + lines).joined(separator: "\n")
        }.joined(separator: "\n\n") + "\n"
    }
}
