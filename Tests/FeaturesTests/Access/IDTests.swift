import Foundation
import Storage
import Testing

@testable import Features
@testable import Kernel

@Suite struct IDTests {
    @Test func timeOrderedIdsSortByTimeAndSayTheirVersion() throws {
        let start: Int64 = 1_700_000_000_000_000
        let ids = (0..<100).map {
            ID<AuditEntry>.timeOrdered(at: Timestamp(microseconds: start + $0 * 313)).string
        }
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == 100)
        let uuid = try #require(UUID(uuidString: ids[0]))
        #expect(uuid.uuid.6 >> 4 == 7)
        #expect(uuid.uuid.8 >> 6 == 2)
        #expect(ids[0].hasPrefix("018bcfe5-6800-7"))
        #expect(ID<AuditEntry>.timeOrdered(at: Timestamp(microseconds: -1)).string.hasPrefix("00000000-0000-7"))
    }

    @Test func textsOfTheDatabaseAreReadAsAnyOthers() {
        let canonical = "018bcfe5-6800-7abc-8def-0123456789ab"
        #expect(CaseID(sqlValue: .text(canonical))?.string == canonical)
        #expect(CaseID(sqlValue: .text(canonical.uppercased()))?.string == canonical)
        for wrong in [
            "", "018bcfe5", canonical + "0", "018bcfe56800-7abc-8def-0123456789ab-",
            "g18bcfe5" + canonical.dropFirst(8),
        ] {
            #expect(CaseID(sqlValue: .text(wrong)) == nil)
        }
    }
}
