import Foundation
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Findings are stored only as rows, and read back with their result unchanged.
@Suite struct FindingStoreTests {
    /// More than nine, so that sorting by id would give another order.
    private static let findings: [Finding] = {
        let quantities: [Double?] = [
            0.1 + 0.2, 1.0 / 3, 4134.324612315777, 95_000, 0, 0.9999925931961099, 1e-5, .leastNonzeroMagnitude, 1e300,
            .greatestFiniteMagnitude, nil,
        ]
        let terms = [nil, "T1, T1CE", "“quoted” \"twice\" \\ / ü 脳", "two\nlines\tand a tab"]
        return quantities.enumerated().map { index, quantity in
            Finding(
                id: "F\(index + 1)", kind: Finding.Kind.allCases[index],
                region: index % 4 == 0 ? nil : TumourRegion.allCases[index % 3], lesion: index % 2 == 0 ? nil : index,
                quantity: quantity, unit: quantity.map { _ in "mm3" }, term: terms[index % 4])
        }
    }()

    private static let result = SegmentationFixture.result(of: [.t1ce, .flair]).with(findings: findings)

    private static func document(_ result: SegmentationResult) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(result), as: UTF8.self)
    }

    private static func withResult(
        _ kind: TestDatabase, _ body: @escaping @Sendable (SegmentationFixture, CaseResult) async throws -> Void
    ) async throws {
        try await SegmentationFixture.with(kind) { ward in
            _ = try await ward.service.start(ward.doctor, case: ward.caseID)
            #expect(
                try await ward.runner { _, folder, _ in
                    try Data("mask".utf8).write(to: folder.appendingPathComponent("segmentation.nii.gz"))
                    return try SegmentationFixture.written(Self.result, to: folder)
                }.workOnce())
            try await body(
                ward, try #require(try await ward.service.latestResult(ward.doctor, case: ward.caseID)))
        }
    }

    @Test(arguments: TestDatabase.all) func aResultComesBackBitByBit(_ kind: TestDatabase) async throws {
        try await Self.withResult(kind) { _, stored in
            #expect(stored.result == Self.result)
            let bits = stored.result.structuredFindings.map { $0.quantity?.bitPattern }
            #expect(bits == Self.findings.map { $0.quantity?.bitPattern })
            let texts = try [stored.result, Self.result].map(Self.document)
            #expect(texts[0] == texts[1])
        }
    }

    @Test(arguments: TestDatabase.all) func theDocumentHoldsNoFindings(_ kind: TestDatabase) async throws {
        try await Self.withResult(kind) { ward, stored in
            let text = try await ward.database.read { connection in
                try connection.queryOne("SELECT result_json FROM results")?.get("result_json", as: String.self)
            }
            let document = try Self.document(Self.result.document)
            #expect(text == document)
            #expect(text?.contains("structured_findings") == false)
            let id = stored.id
            try await ward.database.write { connection in
                try connection.execute("UPDATE findings SET quantity = 7 WHERE result_id = \(id) AND number = 'F1'")
            }
            let changed = try await ward.service.latestResult(ward.doctor, case: ward.caseID)
            #expect(changed?.result.structuredFindings.first?.quantity == 7)
        }
    }

    @Test(arguments: TestDatabase.all) func everyReportOfAListHasTheFindingsOfItsResult(_ kind: TestDatabase)
        async throws
    {
        try await Self.withResult(kind) { ward, stored in
            let other = CaseID()
            try await ward.addCase(other, of: ward.doctor)
            _ = try await ward.service.start(ward.doctor, case: other)
            #expect(try await ward.runner().workOnce())
            let second = try #require(try await ward.service.latestResult(ward.doctor, case: other))
            let draft = try ReportStore.Draft(ReportDraft(sentences: []))
            try await ward.database.write { connection in
                for result in [stored, second, stored] {
                    _ = try ReportStore(connection).insert(ward.doctor, draft, for: result, at: .now)
                }
            }
            let page = try await ward.database.read {
                try ReportStore($0).list(ward.doctor, case: nil, .page(number: 1, size: 10))
            }
            #expect(page.items.count == 3)
            for report in page.items {
                let own = report.resultID == second.id ? second : stored
                #expect(report.findings == own.result.structuredFindings && !report.findings.isEmpty)
                let found = try await ward.database.read { try ReportStore($0).find(ward.doctor, report.id) }
                #expect(found?.findings == report.findings)
            }
        }
    }
}
