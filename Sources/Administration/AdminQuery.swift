import Basics
import Kernel
import Storage

/// The filters, order and page of a list.
package struct AdminQuery: Sendable, Equatable {
    /// A filter with its selected value.
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
    /// A column's key; `nil` for the table's default order.
    package var sort: String?
    package var isDescending = false
    /// Counted from 1.
    package var page = 1
    /// Whether to count each filter's choices, which scans all matching rows.
    package var showsCounts = false

    /// The number of rows per page.
    package static let pageSize = 50
    /// Rows are counted and paged up to this number, which limits the cost of a page of a large table.
    package static let countLimit = 10_000
    /// The maximum number of objects per action.
    package static let bulkLimit = 1000

    package init() {}

    /// The same with another value of one filter, from the first page; `nil` removes the filter.
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
    /// Whether there are more rows than `count`.
    package let hasUncounted: Bool
    package let hasNext: Bool
    /// In the order of the table's filters; empty unless requested.
    package var facets: [AdminFacet] = []
    /// `nil` for a table without a time column to navigate by.
    package var calendar: AdminCalendar?
}

/// The number of rows for each choice of a filter.
package struct AdminFacet: Sendable, Equatable {
    package let filter: String
    /// In the order of the filter's choices; `nil` if there are too many rows to count.
    package let counts: [Int]?
}

/// A filter of a list.
package struct AdminFilter: Sendable {
    /// How a value is selected and compared.
    package enum Kind: Sendable {
        case choice([AdminChoice])
        case flag
        /// Whether the column has a value, with labels for both.
        case presence(yes: String, no: String)
        /// The maximum age of a time, or its year, month or day.
        case period
        /// The first and last day, inclusive.
        case since, until
        /// Free text.
        case text
        /// The id of another object; set by links from its page.
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

    /// The choices; empty if the value is typed or set by a link.
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

    /// The rows that match `value`.
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

/// One of a few values with its label.
package struct AdminChoice: Sendable, Equatable {
    package let value: String
    package let title: String

    package init(_ value: String, _ title: String) {
        self.value = value
        self.title = title
    }

    /// The cases of an enumeration, labelled by name.
    static func all<Choice: RawRepresentable<String> & CaseIterable>(of type: Choice.Type) -> [AdminChoice] {
        Choice.allCases.map { AdminChoice($0.rawValue, $0.rawValue) }
    }
}
