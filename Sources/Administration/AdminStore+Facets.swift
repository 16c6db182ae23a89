import Kernel
import Storage

// Counts of filter choices, and the years, months and days with rows.

extension AdminStore {
    /// One statement per filter, which reads at most as many rows as a list counts.
    func facets(
        _ scope: Scope, _ table: AdminTable, _ rows: AdminRows, _ query: AdminQuery, at now: Timestamp
    ) throws -> [AdminFacet] {
        try table.filters.filter { !$0.choices.isEmpty }.map { filter in
            let others = query.choosing(nil, of: filter.key)
            let condition = try condition(scope, table, rows, others, at: now)
            let marks = try filter.choices.enumerated().map { place, choice -> SQL in
                "CASE WHEN \(try filter.condition(choice.value, at: now)) THEN 1 ELSE 0 END AS \(raw: "n\(place)")"
            }
            let sums = filter.choices.indices.map { "CAST(COALESCE(SUM(n\($0)), 0) AS BIGINT) AS n\($0)" }
            let limit = AdminQuery.countLimit
            let row = try connection.queryOne(
                """
                SELECT COUNT(*) AS number, \(raw: sums.joined(separator: ", ")) FROM
                    (SELECT \(SQL.joined(marks, by: ", ")) FROM \(raw: rows.from) WHERE \(condition)
                    LIMIT \(limit + 1)) AS part
                """)
            guard let row, try row.get("number", as: Int.self) <= limit else {
                return AdminFacet(filter: filter.key, counts: nil)
            }
            return AdminFacet(filter: filter.key, counts: try filter.choices.indices.map { try row.get("n\($0)") })
        }
    }

    /// Uses the first and last time and each year's first, which the list's index provides without reading the rows
    /// between.
    func calendar(
        _ scope: Scope, _ table: AdminTable, _ rows: AdminRows, _ query: AdminQuery, at now: Timestamp
    ) throws -> AdminCalendar? {
        guard let filter = table.calendarFilter else { return nil }
        let condition = try condition(scope, table, rows, query, at: now)
        func time(from start: Timestamp?, _ direction: String) throws -> Timestamp? {
            let bound: SQL =
                start.map { "\(raw: filter.expression) >= \($0)" } ?? "\(raw: filter.expression) IS NOT NULL"
            return try connection.queryOne(
                """
                SELECT \(raw: filter.expression) AS time FROM \(raw: rows.from) WHERE \(condition) AND \(bound)
                ORDER BY \(raw: filter.expression) \(raw: direction) LIMIT 1
                """
            )?.get("time")
        }
        let chosen = query.value(of: filter.key).flatMap { CalendarPart($0) }
        guard let first = try time(from: nil, "ASC"), let last = try time(from: nil, "DESC") else {
            return AdminCalendar(filter: filter.key, chosen: chosen, years: [], span: nil)
        }
        var years: [CalendarPart] = []
        var next: Timestamp? = chosen == nil ? first : nil
        while let moment = next, let year = CalendarPart.year(of: moment), years.count < AdminCalendar.yearLimit {
            years.append(year)
            next = year.end > last ? nil : try time(from: year.end, "ASC")
        }
        return AdminCalendar(filter: filter.key, chosen: chosen, years: years, span: first...last)
    }
}
