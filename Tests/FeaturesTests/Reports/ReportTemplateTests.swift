import Testing

@testable import Features
@testable import Imaging

struct ReportTemplateTests {
    @Test func theComposerWritesByTheTemplate() throws {
        let template = try #require(ReportTemplate.all.first)
        #expect(template.sections.map(\.name) == ReportDraft.Section.allCases.map(\.rawValue))
        for side in [Lesion.Side.left, .midline] {
            let result = ReportDraftTests.result(side)
            let kinds = Dictionary(uniqueKeysWithValues: result.structuredFindings.map { ($0.id, $0.kind) })
            for sentence in ReportComposer.compose(result).sentences {
                let part = try #require(template.sections.first { $0.name == sentence.section.rawValue })
                let cited = sentence.findings.compactMap { kinds[$0] }
                #expect(cited.allSatisfy(part.findings.contains), "\(sentence.text)")
            }
        }
    }
}
