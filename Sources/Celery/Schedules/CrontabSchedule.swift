import Basics
import Foundation

/// When a periodic task is due, as `celery.schedules.crontab` has it: all fields must match, also day of month and day of week.
package struct CrontabSchedule: Sendable, Equatable {
    package let minute: CrontabField
    package let hour: CrontabField
    package let dayOfWeek: CrontabField
    package let dayOfMonth: CrontabField
    package let monthOfYear: CrontabField
    package let timeZone: TimeZone

    /// Weekdays and leap years repeat after 400 years; 40 cover 29 February on any weekday, also around 2100.
    private static let years = 40

    /// - Throws: `CrontabField.Malformed`, also for a date that no year has.
    package init(
        minute: String = "*", hour: String = "*", dayOfWeek: String = "*", dayOfMonth: String = "*",
        monthOfYear: String = "*", timeZone: TimeZone = .gmt
    ) throws {
        self.minute = try CrontabField(minute, .minute)
        self.hour = try CrontabField(hour, .hour)
        self.dayOfWeek = try CrontabField(dayOfWeek, .dayOfWeek)
        let days = try CrontabField(dayOfMonth, .dayOfMonth)
        self.dayOfMonth = days
        self.monthOfYear = try CrontabField(monthOfYear, .monthOfYear)
        self.timeZone = timeZone
        // 2000 is a leap year.
        guard
            self.monthOfYear.values.contains(where: {
                (days.values.first ?? 1) <= CivilDate.length(ofMonth: $0, year: 2000)
            })
        else { throw CrontabField.Malformed(description: "No month of '\(monthOfYear)' has a day '\(dayOfMonth)'.") }
    }

    /// `minute hour day-of-month month day-of-week`, as in a crontab.
    ///
    /// - Throws: `CrontabField.Malformed`.
    package init(_ line: String, timeZone: TimeZone = .gmt) throws {
        let fields = line.split(separator: " ").map(String.init)
        guard fields.count == 5 else { throw CrontabField.Malformed(description: "A crontab has five fields.") }
        try self.init(
            minute: fields[0], hour: fields[1], dayOfWeek: fields[4], dayOfMonth: fields[2], monthOfYear: fields[3],
            timeZone: timeZone)
    }

    /// The first time that matches and is later than `time`.
    package func next(after time: Date) -> Date {
        let seconds = Int(time.timeIntervalSince1970.rounded(.down))
        let offset = timeZone.secondsFromGMT(for: time)
        let (today, second) = Self.divided(seconds + offset, by: 86_400)
        for day in today...(today + Self.years * 366) where matches(CivilDate(daysSince1970: day)) {
            for minute in minutes(of: day == today ? second / 60 + 1 : 0) {
                let date = date(ofLocal: day * 86_400 + minute * 60, offset: offset)
                if date > time { return date }
            }
        }
        // Not reached: the initialiser refuses dates that no year has.
        return .distantFuture
    }

    private static func divided(_ number: Int, by divisor: Int) -> (quotient: Int, remainder: Int) {
        let remainder = ((number % divisor) + divisor) % divisor
        return ((number - remainder) / divisor, remainder)
    }

    private func matches(_ date: CivilDate) -> Bool {
        monthOfYear.contains(date.month) && dayOfMonth.contains(date.day) && dayOfWeek.contains(date.weekday)
    }

    /// The minutes of a day that match, lazily.
    private func minutes(of first: Int) -> some Sequence<Int> {
        hour.values.lazy.filter { $0 >= first / 60 }.flatMap { hour in
            minute.values.lazy.map { hour * 60 + $0 }.filter { $0 >= first }
        }
    }

    /// A clock time that occurs twice is the one with the present offset; one that does not occur is moved by the change.
    private func date(ofLocal local: Int, offset: Int) -> Date {
        let date = Date(timeIntervalSince1970: Double(local - offset))
        let actual = timeZone.secondsFromGMT(for: date)
        let other = Date(timeIntervalSince1970: Double(local - actual))
        return actual == offset || timeZone.secondsFromGMT(for: other) != actual ? date : other
    }
}

/// Every so many seconds after the last run (`celery.schedules.schedule`).
package struct IntervalSchedule: Sendable, Equatable {
    /// Seconds, more than 0.
    package let interval: Double

    package struct Malformed: Error, Equatable {}

    /// - Throws: `Malformed` unless there are more than 0 seconds.
    package init(_ interval: Double) throws {
        guard interval > 0, interval.isFinite else { throw Malformed() }
        self.interval = interval
    }

    package func next(after time: Date) -> Date { time.addingTimeInterval(interval) }
}
