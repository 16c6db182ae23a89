import Storage

/// The times that a list is narrowed to; both ends count, nil leaves an end open.
package struct TimeSpan: Sendable, Hashable {
    package var start: Timestamp?
    package var end: Timestamp?

    package init(start: Timestamp? = nil, end: Timestamp? = nil) {
        self.start = start
        self.end = end
    }

    package var isOpen: Bool { start == nil && end == nil }

    /// Reads both ends as clients write them: a date means that whole day in UTC.
    ///
    /// - Throws: a validation error that names `<field>After` and `<field>Before` where they can't be read.
    package init(_ field: String, after: String?, before: String?) throws {
        var check = Validation()
        start = after.flatMap { check.time("\(field)After", $0, endOfDay: false) }
        end = before.flatMap { check.time("\(field)Before", $0, endOfDay: true) }
        try check.finish()
    }

    /// What a list's filter by the column `name` adds to its conditions.
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

    /// A time as clients write it into addresses: without an offset it is in UTC, and an unencoded `+` arrives as a space.
    static func time(_ text: String) -> Timestamp? {
        let written = text.replacing(" ", with: "+")
        // Foundation reads 25 o'clock as 1 o'clock of the next day.
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
