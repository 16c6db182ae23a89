import Claims
import Rendering

/// Splits a report's text into sections for print.
enum ReportText {
    /// Keeps all of the text, including headings without lines; citations at the end of a line become its findings.
    static func sections(of text: String) -> [ReportDocument.Section] {
        var sections: [ReportDocument.Section] = []
        var title: String?
        var sentences: [ReportDocument.Sentence] = []
        func close() {
            guard title != nil || !sentences.isEmpty else { return }
            sections.append(ReportDocument.Section(title: title ?? "Report", sentences: sentences))
            sentences = []
        }
        for line in text.split(whereSeparator: \.isNewline).map({ String($0).trimmed }) where !line.isEmpty {
            if Heading.isOne(line) {
                close()
                title = line
            } else {
                sentences.append(sentence(line))
            }
        }
        close()
        return sections
    }

    /// An addendum as printed below the signed text.
    static func section(_ addendum: ReportAddendum) -> ReportDocument.Section {
        let lines = ["Reason: \(addendum.reason)"] + addendum.text.split(whereSeparator: \.isNewline).map(String.init)
        return ReportDocument.Section(
            title: "ADDENDUM \(addendum.number) – \(addendum.createdBy), \(addendum.createdAt.minute) UTC",
            sentences: lines.map(\.trimmed).filter { !$0.isEmpty }.map(sentence))
    }

    // Compiled once and immutable.
    nonisolated(unsafe) private static let cited = /(.*?) ?\[(F[0-9]+(?:, ?F[0-9]+)*)\]/

    private static func sentence(_ line: String) -> ReportDocument.Sentence {
        guard let match = line.wholeMatch(of: cited) else {
            return ReportDocument.Sentence(text: line, findings: [])
        }
        let findings = match.output.2.split(separator: ",").map { String($0).trimmed }
        return ReportDocument.Sentence(text: String(match.output.1), findings: findings)
    }
}
