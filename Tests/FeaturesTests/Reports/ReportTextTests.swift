import Testing

@testable import Features

/// A printed report contains all of its text.
struct ReportTextTests {
    private static func printed(_ text: String) -> [String] {
        ReportText.sections(of: text).flatMap { section in
            [section.title] + section.sentences.map { $0.text + ($0.findings.isEmpty ? "" : " \($0.findings)") }
        }
    }

    @Test func headingsAndSentencesKeepTheirOrder() {
        let text = "Seen by two.\nFINDINGS\nOne lesion. [F1, F2]\n\nIMPRESSION\nStable.\n"
        #expect(
            Self.printed(text) == [
                "Report", "Seen by two.", "FINDINGS", "One lesion. [\"F1\", \"F2\"]", "IMPRESSION", "Stable.",
            ])
    }

    @Test(arguments: [
        "NO EVIDENCE OF TUMOUR.", "NO EVIDENCE OF TUMOUR", "IMPRESSION\nNO TUMOUR", "לא נמצא גידול", "腫瘍なし",
        "FINDINGS\nIMPRESSION\nStable.\nADDENDUM", "T2 ONLY", String(repeating: "W", count: 200),
        "WHOLE TUMOUR 12.3 ML\nCORE 6.79 ML", "12.3", "[F1]",
    ]) func noLineIsLeftOut(_ text: String) {
        let all = Self.printed(text).joined(separator: "\n")
        for line in text.split(separator: "\n") {
            #expect(all.contains(line) || line == "[F1]" && all.contains("F1"), "\(line)")
        }
    }
}
