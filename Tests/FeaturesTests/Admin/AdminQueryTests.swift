import Storage
import Testing

@testable import Administration
@testable import Features
@testable import Kernel

/// The requested part of a list.
@Suite struct AdminQueryTests {
    @Test func pagesFollowEachOther() {
        var query = AdminQuery()
        #expect(query.offset == 0)
        query.page = 3
        #expect(query.offset == 100)
    }

    @Test func aChoiceReplacesTheFormerOneOfItsFilter() {
        var query = AdminQuery()
        query.page = 4
        query.search = "smith"
        query.choose("status", "created")
        query.choose("sex", "F")
        let other = query.choosing("archived", of: "status")
        #expect(other.selections == [.init("sex", "F"), .init("status", "archived")])
        // Another filter starts at the first page and keeps the search.
        #expect(other.page == 1 && other.search == "smith")
        let none = query.choosing(nil, of: "status")
        #expect(none.selections == [.init("sex", "F")] && none.value(of: "status") == nil)
        #expect(query.value(of: "status") == "created" && query.page == 4)
    }

    @Test func aFilterOffersItsChoices() {
        func titles(_ kind: AdminFilter.Kind) -> [String] { AdminFilter("a", "A", "x", kind).choices.map(\.title) }
        #expect(titles(.flag) == ["Yes", "No"])
        #expect(titles(.presence(yes: "Ended", no: "Open")) == ["Ended", "Open"])
        #expect(titles(.choice(AdminChoice.all(of: Role.self))) == ["doctor", "radiologist", "researcher", "admin"])
        #expect(titles(.period) == ["Past 24 hours", "Past 7 days", "Past 30 days", "Past year"])
        for kind in [AdminFilter.Kind.since, .until, .text, .reference(table: "users")] {
            #expect(titles(kind).isEmpty)
        }
    }

    @Test func aValueThatIsNoChoiceIsRefused() throws {
        let now = try #require(Timestamp("2026-11-30T12:00:00Z"))
        let refused: [(AdminFilter.Kind, String)] = [
            (.flag, "2"), (.flag, ""), (.presence(yes: "a", no: "b"), "yes"),
            (.choice(AdminChoice.all(of: Role.self)), "nurse"), (.period, "2"), (.period, "2026-13"),
            (.since, "2026-02-29"), (.since, "yesterday"), (.until, "2026-11-30T00:00:00Z"),
        ]
        for (kind, value) in refused {
            let filter = AdminFilter("when", "When", "x", kind)
            #expect { try filter.condition(value, at: now) } throws: { isAppError($0, .validation, field: "when") }
        }
    }

    /// The trail's export uses other parameter names than the list that links to it.
    @Test func anExportIsNarrowedLikeItsList() throws {
        let now = try #require(Timestamp("2026-11-30T12:00:00Z"))
        func filters(_ selections: [(String, String)]) -> [String] {
            var query = AdminQuery()
            for (key, value) in selections { query.choose(key, value) }
            return AuditQuery.exportFilters(of: query, at: now).map { "\($0.key)=\($0.value)" }
        }
        #expect(
            filters([("type", "case"), ("object", "7"), ("actor", "u"), ("request", "r"), ("outcome", "done")])
                == ["objectType=case", "objectId=7", "actor=u", "requestId=r", "outcome=done"])
        #expect(filters([("from", "2026-11-01")]) == ["from=2026-11-01T00:00:00.000000Z"])
        // The last day is included completely.
        #expect(filters([("to", "2026-11-01")]) == ["to=2026-11-02T00:00:00.000000Z"])
        #expect(filters([("period", "7")]) == ["from=2026-11-23T12:00:00.000000Z"])
        // An explicit start takes precedence over a period.
        #expect(filters([("period", "7"), ("from", "2026-11-01")]) == ["from=2026-11-01T00:00:00.000000Z"])
        #expect(filters([("from", "soon"), ("address", "192.0.2.1"), ("nonsense", "1")]).isEmpty)
    }

    @Test func whatAnExportCanNotFollowIsTold() {
        func isNarrower(_ change: (inout AdminQuery) -> Void) -> Bool {
            var query = AdminQuery()
            change(&query)
            return AuditQuery.isNarrower(query)
        }
        #expect(!isNarrower { _ in })
        #expect(!isNarrower { $0.choose("action", "case.read") } && !isNarrower { $0.choose("period", "7") })
        #expect(isNarrower { $0.search = "ada" })
        #expect(isNarrower { $0.choose("address", "192.0.2.1") })
        #expect(
            isNarrower {
                $0.choose("period", "7")
                $0.choose("from", "2026-11-01")
            })
    }
}
