import Basics
import Foundation
import Testing

@Suite struct CivilDateTests {
    @Test(arguments: [
        ("2000-02-29", true), ("1900-02-29", false), ("2100-02-29", false), ("2024-02-29", true), ("2023-02-29", false),
        ("2400-02-29", true),
    ]) func everyFourthCenturyLeaps(_ text: String, _ exists: Bool) {
        #expect((CivilDate(text) != nil) == exists)
    }

    @Test(arguments: [-1, 0, 1, 58, 59, 60, 365, -719_468, 11_016, 20_787]) func everyDayIsReadBack(_ days: Int) throws
    {
        let date = CivilDate(daysSince1970: days)
        let read = Calendar(identifier: .gregorian).dateComponents(
            in: try #require(TimeZone(secondsFromGMT: 0)), from: Date(timeIntervalSince1970: Double(days) * 86_400))
        // Foundation represents the year before 1 as year 1 of the previous era.
        if days > -700_000 { #expect(date.month == read.month && date.day == read.day && date.year == read.year) }
        if date.year > 0 { #expect(CivilDate(date.description) == date) }
        #expect(date.daysSince1970 == days && date.weekday == (read.weekday ?? 0) - 1)
    }
}
