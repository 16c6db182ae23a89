import Kernel
import Storage

/// Which rows of a table a page shows, and in which order.
package struct AdminQuery: Sendable, Equatable {
    /// A filter with the value that was chosen for it.
    package struct Selection: Sendable, Equatable {
        package let key: String
        package let value: String

        package init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    package var search: String = ""
    package var selections: [Selection] = []
    /// A column's key; nil takes the table's own order.
    package var sort: String?
    package var isDescending = false
    /// Counted from 1.
    package var page = 1
    /// Whether each filter's choices are to be counted, which costs a look at all rows that were found.
    package var showsCounts = false

    /// Rows of a page.
    package static let pageSize = 50
    /// Rows are counted and paged through up to here, so that no page of a large table costs more than this many rows.
    package static let countLimit = 10_000
    /// Objects that one action changes at most.
    package static let bulkLimit = 1000

    package init() {}

    /// The same with another value of one filter, from the first page on; nil takes the filter away.
    package func choosing(_ value: String?, of filter: String) -> AdminQuery {
        var copy = self
        copy.page = 1
        copy.selections.removeAll { $0.key == filter }
        if let value { copy.selections.append(.init(filter, value)) }
        return copy
    }

    package func value(of filter: String) -> String? { selections.first { $0.key == filter }?.value }

    var offset: Int { (page - 1) * Self.pageSize }
}

/// A page of a table's rows.
package struct AdminList: Sendable {
    package let rows: [AdminRow]
    /// At most `AdminQuery.countLimit`.
    package let count: Int
    /// Whether there are more rows than were counted.
    package let hasUncounted: Bool
    package let hasNext: Bool
    /// In the order of the table's filters; empty where nobody has asked for them.
    package var facets: [AdminFacet] = []
    /// Nil for a table without a time to go by.
    package var calendar: AdminCalendar?
}

/// How many rows each choice of a filter would leave.
package struct AdminFacet: Sendable, Equatable {
    package let filter: String
    /// In the order of the filter's choices; nil where there are more rows than are counted.
    package let counts: [Int]?
}

/// What can narrow a list.
package struct AdminFilter: Sendable {
    /// How a value is chosen and compared.
    package enum Kind: Sendable {
        case choice([AdminChoice])
        case flag
        /// Whether the column holds a value, with the words for both.
        case presence(yes: String, no: String)
        /// How long ago a time may be, or the year, the month or the day in which it lies.
        case period
        /// The first day that counts, and the last.
        case since, until
        /// A text that somebody types.
        case text
        /// The id of another object, whose page leads here.
        case reference(table: String)
    }

    package let key: String
    package let title: String
    package let kind: Kind
    let expression: String

    init(_ key: String, _ title: String, _ expression: String, _ kind: Kind) {
        self.key = key
        self.title = title
        self.expression = expression
        self.kind = kind
    }

    /// What can be chosen; empty where a value is typed or comes from another page.
    package var choices: [AdminChoice] {
        switch kind {
        case .choice(let choices): choices
        case .flag: [AdminChoice("1", "Yes"), AdminChoice("0", "No")]
        case .presence(let yes, let no): [AdminChoice("1", yes), AdminChoice("0", no)]
        case .period: Self.periods.map { AdminChoice($0.value, $0.title) }
        case .since, .until, .text, .reference: []
        }
    }

    private struct Period {
        let value: String
        let title: String
        let days: Int
    }

    private static let periods = [
        Period(value: "1", title: "Past 24 hours", days: 1), Period(value: "7", title: "Past 7 days", days: 7),
        Period(value: "30", title: "Past 30 days", days: 30), Period(value: "365", title: "Past year", days: 365),
    ]

    /// The rows that `value` means.
    func condition(_ value: String, at now: Timestamp) throws -> SQL {
        let column: SQL = "\(raw: expression)"
        switch kind {
        case .choice, .flag, .presence:
            guard choices.contains(where: { $0.value == value }) else { throw refusal }
            if case .presence = kind { return value == "1" ? "\(column) IS NOT NULL" : "\(column) IS NULL" }
            if case .flag = kind { return "\(column) = \(value == "1")" }
            return "\(column) = \(value)"
        case .period:
            if let part = CalendarPart(value) { return "\(column) >= \(part.first) AND \(column) < \(part.end)" }
            guard let days = Self.periods.first(where: { $0.value == value })?.days else { throw refusal }
            return "\(column) >= \(now.advanced(by: .seconds(-86_400 * days)))"
        case .since: return "\(column) >= \(try day(value))"
        case .until: return "\(column) < \(try day(value).advanced(by: .seconds(86_400)))"
        case .text: return "\(column) = \(value)"
        case .reference: return "\(column) = \(value.lowercased())"
        }
    }

    private func day(_ text: String) throws -> Timestamp {
        guard CivilDate(text) != nil, let time = Timestamp("\(text)T00:00:00Z") else {
            throw AppError.invalid(key, "Enter a date as YYYY-MM-DD.")
        }
        return time
    }

    private var refusal: AppError { AppError.invalid(key, "Not a valid choice for this filter.") }
}

/// One of a few values with what it is called.
package struct AdminChoice: Sendable, Equatable {
    package let value: String
    package let title: String

    package init(_ value: String, _ title: String) {
        self.value = value
        self.title = title
    }

    /// The values of an enumeration under their own names.
    static func all<Choice: RawRepresentable<String> & CaseIterable>(of type: Choice.Type) -> [AdminChoice] {
        Choice.allCases.map { AdminChoice($0.rawValue, $0.rawValue) }
    }
}
