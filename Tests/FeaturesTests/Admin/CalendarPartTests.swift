import Storage
import Testing

@testable import Administration
@testable import Features

@Suite struct CalendarPartTests {
    private static func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    @Test(arguments: [
        ("2026", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("2024-02", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"),
    ]) func itEndsWhereTheNextBegins(_ text: String, _ first: String, _ end: String) throws {
        let part = try #require(CalendarPart(text))
        #expect(try part.first == Self.time(first))
        #expect(try part.end == Self.time(end))
    }

    @Test(arguments: [
        "", "26", "2026-13", "2026-00", "2025-02-29", "2026-1", "x026", "2026-11-28T00", "1", "7", "30", "365",
    ])
    func whatIsNoneIsNil(_ text: String) {
        #expect(CalendarPart(text) == nil)
    }

    @Test func stepsLeadToWhereThereIsAChoice() throws {
        func next(_ chosen: String?, _ first: String, _ last: String) throws -> [String] {
            let span = try Self.time("\(first)T10:00:00Z")...Self.time("\(last)T10:00:00Z")
            let years = try [first, last].map { String($0.prefix(4)) }.map { try #require(CalendarPart($0)) }
            return AdminCalendar(
                filter: "created", chosen: chosen.flatMap { CalendarPart($0) },
                years: years[0] == years[1] ? [years[0]] : years, span: span
            ).next.map(\.title)
        }
        #expect(try next(nil, "2024-05-01", "2026-02-01") == ["2024", "2026"])
        #expect(try next("2024", "2024-11-30", "2024-12-01") == ["November", "December"])
        // All in one month: its days are shown at once.
        #expect(try next(nil, "2026-02-27", "2026-02-28") == ["27", "28"])
        #expect(try next(nil, "2026-02-27", "2026-02-27") == [])
        #expect(try next("2026-02-27", "2026-02-27", "2026-02-27") == [])
        #expect(AdminCalendar(filter: "created", chosen: nil, years: [], span: nil).next.isEmpty)
        #expect(CalendarPart("2026-11-28")?.path.map(\.title) == ["2026", "November", "28"])
    }
}

extension CalendarPartTests {
    @Test func aPartTouchesASpanAtItsFirstMoment() throws {
        let first = try Self.time("2026-10-01T00:00:00Z")
        // September ends at the instant at which October begins, which is excluded.
        let year = try #require(CalendarPart("2026"))
        #expect(year.parts(within: first...first).map(\.title) == ["October"])
        let last = first.advanced(by: .microseconds(-1))
        #expect(year.parts(within: last...first).map(\.title) == ["September", "October"])
        let month = try #require(CalendarPart("2026-02"))
        let span = try Self.time("2026-02-01T00:00:00Z")...Self.time("2026-03-01T00:00:00Z")
        #expect(month.parts(within: span).count == 28)
        #expect(CalendarPart("2026-02-03")?.parts(within: span).isEmpty == true)
    }

    @Test func aYearIsThatOfItsTimes() throws {
        #expect(try CalendarPart.year(of: Self.time("2026-12-31T23:59:59.999999Z"))?.text == "2026")
        #expect(try CalendarPart.year(of: Self.time("2027-01-01T00:00:00Z"))?.text == "2027")
        #expect(CalendarPart.year(of: Timestamp(microseconds: 0))?.text == "1970")
    }
}
