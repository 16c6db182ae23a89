import Basics
import Foundation
import Testing

@testable import Celery

struct ScheduleTests {
    /// A random field: `*`, a step, a number, a range with or without a step, a list, a name.
    private static func field(_ kind: CrontabField.Kind, _ generator: inout some RandomNumberGenerator) -> String {
        let range = kind.range
        func number() -> String {
            let value = Int.random(in: range, using: &generator)
            guard Int.random(in: 0..<3, using: &generator) == 0 else { return String(value) }
            switch kind {
            case .dayOfWeek: return ["sun", "mon", "Tuesday", "wed", "thu", "fri", "sat"][value]
            case .monthOfYear:
                return ["jan", "feb", "mar", "april", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"][value - 1]
            default: return String(value)
            }
        }
        func part() -> String {
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: "*/\(Int.random(in: 1...range.upperBound, using: &generator))"
            case 1: "\(number())-\(number())"
            case 2: "\(number())-\(number())/\(Int.random(in: 1...5, using: &generator))"
            default: number()
            }
        }
        switch Int.random(in: 0..<4, using: &generator) {
        case 0, 1: return "*"
        case 2: return part()
        default: return (0..<Int.random(in: 2...3, using: &generator)).map { _ in part() }.joined(separator: ",")
        }
    }

    @Test func crontabsAgreeWithCelery() async throws {
        let fixture = try CeleryFixture.shared.get()
        var generator = SystemRandomNumberGenerator()
        var cases: [(CrontabSchedule, Date, JSONValue)] = []
        while cases.count < 3000 {
            let fields = [CrontabField.Kind.minute, .hour, .dayOfWeek, .dayOfMonth, .monthOfYear].map {
                Self.field($0, &generator)
            }
            guard
                let schedule = try? CrontabSchedule(
                    minute: fields[0], hour: fields[1], dayOfWeek: fields[2], dayOfMonth: fields[3],
                    monthOfYear: fields[4])
            else { continue }
            // On the minute or within, from 1980 to 2050.
            var time = Int.random(in: 315_532_800...2_524_608_000, using: &generator)
            if Bool.random(using: &generator) { time -= time % 60 }
            let row = JSONValue.list(fields.map { .text($0) } + [.integer(time)])
            cases.append((schedule, Date(timeIntervalSince1970: Double(time)), row))
        }
        let expected =
            try await fixture.python.run(
                """
                import datetime, json
                from celery.schedules import crontab
                result = []
                for *fields, time in json.loads(r'''\(JSONValue.list(cases.map(\.2)).json)'''):
                    last, delta, _ = crontab(*fields, app=app).remaining_delta(
                        datetime.datetime.fromtimestamp(time, datetime.timezone.utc))
                    result.append(int((last + delta).timestamp()))
                """
            ).asList ?? []
        #expect(expected.count == cases.count)
        for (index, (schedule, time, row)) in cases.enumerated() {
            let next = Int(schedule.next(after: time).timeIntervalSince1970)
            #expect(expected[index] == .integer(next), "\(row.json)")
        }
    }

    @Test(arguments: [
        "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7", "*/0 * * * *", "5/10 * * * *", "-1 * * * *",
        "1- * * * *",
        "mon * * * *", ", * * * *", "* * 30 feb *", "* * * *", "* * * * funday",
    ])
    func aWrongCrontabIsRefused(_ line: String) {
        #expect(throws: CrontabField.Malformed.self) { try CrontabSchedule(line) }
    }

    /// In Berlin the clock goes from 2:00 to 3:00 on 29 March 2026 and from 3:00 to 2:00 on 25 October 2026.
    @Test(arguments: [
        ("30 2 * * *", "2026-03-28T12:00:00+00:00", "2026-03-29T01:30:00+00:00"),
        ("30 2 * * *", "2026-03-29T12:00:00+00:00", "2026-03-30T00:30:00+00:00"),
        ("30 2 * * *", "2026-10-24T12:00:00+00:00", "2026-10-25T00:30:00+00:00"),
        ("30 2 * * *", "2026-10-25T00:30:00+00:00", "2026-10-26T01:30:00+00:00"),
        ("0 9 * * mon", "2026-10-24T12:00:00+00:00", "2026-10-26T08:00:00+00:00"),
    ])
    func aCrontabFollowsItsTimeZone(_ line: String, _ time: String, _ expected: String) throws {
        let berlin = try #require(TimeZone(identifier: "Europe/Berlin"))
        let schedule = try CrontabSchedule(line, timeZone: berlin)
        #expect(ISOTime.text(schedule.next(after: try #require(ISOTime.date(time)))) == expected)
    }

    @Test func anIntervalFollowsTheLastRun() throws {
        let begin = Date(timeIntervalSince1970: 1000)
        #expect(try IntervalSchedule(30).next(after: begin) == Date(timeIntervalSince1970: 1030))
        #expect(throws: IntervalSchedule.Malformed.self) { try IntervalSchedule(0) }
    }
}
