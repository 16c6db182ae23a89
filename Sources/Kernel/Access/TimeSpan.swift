import Basics
import Storage

/// The time range of a list; both ends are inclusive, `nil` leaves an end open.
package struct TimeSpan: Sendable, Hashable {
    package var start: Timestamp?
    package var end: Timestamp?

    package init(start: Timestamp? = nil, end: Timestamp? = nil) {
        self.start = start
        self.end = end
    }

    package var isOpen: Bool { start == nil && end == nil }

    /// Parses both ends; a date means the whole day in UTC.
    ///
    /// - Throws: a validation error for `<field>After` or `<field>Before` if it is invalid.
    package init(_ field: String, after: String?, before: String?) throws {
        var check = Validation()
        start = after.flatMap { check.time("\(field)After", $0, endOfDay: false) }
        end = before.flatMap { check.time("\(field)Before", $0, endOfDay: true) }
        try check.finish()
    }

    /// The SQL conditions of a list's filter on the column `name`.
    package func conditions(on name: SQL) -> [SQL] {
        var conditions: [SQL] = []
        if let start { conditions.append("\(name) >= \(start)") }
        if let end { conditions.append("\(name) <= \(end)") }
        return conditions
    }
}

extension Validation {
    fileprivate mutating func time(_ field: String, _ text: String, endOfDay: Bool) -> Timestamp? {
        if CivilDate(text) != nil {
            return Timestamp(text + (endOfDay ? "T23:59:59.999999Z" : "T00:00:00Z"))
        }
        let time = TimeSpan.time(text)
        if time == nil { add(field, TimeSpan.expected) }
        return time
    }
}

extension TimeSpan {
    package static func isDate(_ text: String) -> Bool { CivilDate(text) != nil }

    package static func isTime(_ text: String) -> Bool { time(text) != nil }

    /// A time in a URL's query: without an offset it is in UTC, and an unencoded `+` arrives as a space.
    static func time(_ text: String) -> Timestamp? {
        let written = text.replacing(" ", with: "+")
        // Foundation parses 25:00 as 01:00 of the next day.
        let clock =
            /T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?/
            .asciiOnlyDigits()
        guard isDate(String(written.prefix(10))), written.dropFirst(10).wholeMatch(of: clock) != nil else {
            return nil
        }
        return Timestamp(written) ?? Timestamp(written + "Z")
    }

    package static let expected = "Enter a date or an ISO 8601 time, such as 2026-11-01 or 2026-11-01T08:00:00Z."
}
