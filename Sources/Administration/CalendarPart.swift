import Basics
import Storage

/// A year, month or day in UTC that narrows a list step by step: `2026`, `2026-11`, `2026-11-28`.
package struct CalendarPart: Sendable, Equatable {
    /// As in URLs.
    package let text: String
    let first: Timestamp
    /// The end, exclusive.
    let end: Timestamp

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    /// `nil` if there is no such year, month or day.
    package init?(_ text: String) {
        let padding = [4: "-01-01", 7: "-01", 10: ""]
        guard let rest = padding[text.utf8.count], let date = CivilDate(text + rest),
            let first = Timestamp("\(text)\(rest)T00:00:00Z")
        else { return nil }
        self.text = text
        self.first = first
        let following =
            switch text.utf8.count {
            case 4: Self.digits(date.year + 1, 4) + "-01-01"
            case 7 where date.month == 12: Self.digits(date.year + 1, 4) + "-01-01"
            case 7: Self.digits(date.year, 4) + "-" + Self.digits(date.month + 1, 2) + "-01"
            default: ""
            }
        end = Timestamp("\(following)T00:00:00Z") ?? first.advanced(by: .seconds(86_400))
    }

    /// Its title among its siblings: `2026`, `November`, `28`.
    package var title: String {
        let parts = text.split(separator: "-")
        switch parts.count {
        case 2: return Self.months[(Int(parts[1]) ?? 1) - 1]
        case 3: return String(Int(parts[2]) ?? 0)
        default: return text
        }
    }

    /// Its year, its month and itself.
    package var path: [CalendarPart] {
        [4, 7, 10].filter { $0 <= text.utf8.count }.compactMap { CalendarPart(String(text.prefix($0))) }
    }

    /// Its parts that intersect `span`; a day has none.
    func parts(within span: ClosedRange<Timestamp>) -> [CalendarPart] {
        guard text.utf8.count < 10 else { return [] }
        let last = text.utf8.count == 4 ? 12 : 31
        return (1...last).compactMap { CalendarPart("\(text)-\(Self.digits($0, 2))") }.filter { $0.meets(span) }
    }

    /// The year of `time`.
    static func year(of time: Timestamp) -> CalendarPart? { CalendarPart(String(time.description.prefix(4))) }

    private func meets(_ span: ClosedRange<Timestamp>) -> Bool { first <= span.upperBound && end > span.lowerBound }

    private static func digits(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}

/// Navigation of a list by time: the selection, and the next choices.
package struct AdminCalendar: Sendable, Equatable {
    /// The filter's key.
    package let filter: String
    /// The year and the month that contain the choice, and the choice.
    package let path: [CalendarPart]
    package let next: [CalendarPart]

    /// The maximum number of years offered.
    static let yearLimit = 40

    /// - Parameters:
    ///   - years: those with rows.
    ///   - span: of the matching rows; `nil` if there are none.
    init(filter: String, chosen: CalendarPart?, years: [CalendarPart], span: ClosedRange<Timestamp>?) {
        self.filter = filter
        path = chosen?.path ?? []
        guard let span else {
            next = []
            return
        }
        var parts = chosen.map { $0.parts(within: span) } ?? years
        // A single year or month is not a choice.
        while parts.count == 1, let deeper = parts.first?.parts(within: span), !deeper.isEmpty { parts = deeper }
        next = parts.count > 1 ? parts : []
    }
}
