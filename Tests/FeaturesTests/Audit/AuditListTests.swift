import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct AuditListTests {
    @Test(arguments: TestDatabase.all) func filtersNarrowAndCursorsContinue(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            let audit = AuditService(database: trail.database) { AuditTrail.start.advanced(by: .seconds(1000)) }
            try await trail.write((1...30).map { trail.entry($0) })
            let refused = AuditEntry(
                trail.user, "case.update", "case", "c-7", outcome: .refused,
                at: AuditTrail.start.advanced(by: .seconds(50)))
            try await trail.write([refused])
            func found(_ change: (inout AuditQuery) -> Void) async throws -> [AuditEntry] {
                var query = AuditQuery()
                change(&query)
                return try await audit.list(trail.user, query).items.filter { $0.action != "audit.list" }
            }
            #expect(try await found { $0.objectID = "c-7" }.map(\.action) == ["case.update", "case.read"])
            #expect(try await found { $0.outcome = .refused } == [refused])
            #expect(try await found { $0.action = "case.read" }.count == 30)
            #expect(try await found { $0.requestID = "r-9" }.map(\.objectID) == ["c-9"])
            #expect(try await found { $0.actor = ID() }.isEmpty)
            #expect(try await found { $0.actor = trail.user.user }.count == 31)
            #expect(try await found { $0.objectType = "image" }.isEmpty)
            let range = try await found {
                $0.from = AuditTrail.start.advanced(by: .seconds(10))
                $0.to = AuditTrail.start.advanced(by: .seconds(12))
            }
            #expect(range.map(\.objectID) == ["c-11", "c-10"])

            var query = AuditQuery()
            query.action = "case.read"
            query.window = .cursor(after: nil, size: 12)
            var seen: [String?] = []
            while true {
                let page = try await audit.list(trail.user, query)
                seen += page.items.map(\.objectID)
                guard let next = page.nextCursor else { break }
                query.window = .cursor(after: next, size: 12)
            }
            #expect(seen == (1...30).reversed().map { "c-\($0)" })
            query.window = .page(number: 2, size: 25)
            let page = try await audit.list(trail.user, query)
            #expect(page.count == 30 && page.items.count == 5 && !page.hasNext)
        }
    }

    /// Rare actions are not searched for among all reads.
    @Test func rareEntriesAreFoundByTheirIndex() async throws {
        try await AuditTrail.with(.sqlite) { trail in
            func plan(_ change: (inout AuditQuery) -> Void) async throws -> String {
                var query = AuditQuery()
                change(&query)
                let condition = AuditStore.condition(AuditTrail.home, query)
                return try await trail.database.read { connection in
                    try connection.query(
                        """
                        EXPLAIN QUERY PLAN SELECT * FROM audit_entries WHERE \(condition)
                        ORDER BY occurred_at DESC, id DESC LIMIT 10
                        """
                    ).map { try $0.get("detail", as: String.self) }.joined(separator: "; ")
                }
            }
            let rare = try await plan { $0.action = "user.delete" }
            #expect(rare.hasSuffix("ix_audit_entries_changes (institution_id=? AND action=?)"), "\(rare)")
            let refused = try await plan { $0.outcome = .refused }
            #expect(refused.hasSuffix("ix_audit_entries_outcome (institution_id=? AND outcome=?)"), "\(refused)")
            let reading = try await plan { $0.action = "case.read" }
            #expect(reading.hasSuffix("ix_audit_entries_list (institution_id=?)"), "\(reading)")
        }
    }

    @Test(arguments: TestDatabase.all) func anExportIsWholeAndInOrder(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.write((1...2500).map { trail.entry($0) })
            try await trail.sealer(at: 3000).seal()
            let audit = AuditService(database: trail.database)
            var query = AuditQuery()
            query.from = AuditTrail.start.advanced(by: .seconds(2))
            query.to = AuditTrail.start.advanced(by: .seconds(2501))
            var lines = 0
            var first: [String: Any]?
            for try await entries in try await audit.export(trail.user, query) {
                #expect(entries.count <= 1000)
                let text = String(decoding: try AuditLines.encode(entries), as: UTF8.self)
                let parts = text.split(separator: "\n")
                if lines == 0, let line = parts.first {
                    first = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                }
                lines += parts.count
            }
            #expect(lines == 2499)
            #expect(first?["objectId"] as? String == "c-2" && first?["sequence"] as? Int == 2)
            #expect((first?["hash"] as? String)?.count == 64 && first?["address"] is NSNull)
            let other = try await SegmentationFixture.addUser(.admin, of: ID(), to: trail.database)
            for try await entries in try await audit.export(other, AuditQuery()) {
                #expect(entries.map(\.action) == ["audit.export"])
            }
        }
    }
}
