import Basics
import Foundation

/// Times as Python's `datetime.isoformat()` writes them: `2026-11-30T14:23:01.204366+00:00`.
enum ISOTime {
    static func text(_ date: Date) -> String {
        let microseconds = Int((date.timeIntervalSince1970 * 1_000_000).rounded())
        let seconds = Int((Double(microseconds) / 1_000_000).rounded(.down))
        let fraction = microseconds - seconds * 1_000_000
        let days = Int((Double(seconds) / 86_400).rounded(.down))
        let date = CivilDate(daysSince1970: days)
        let second = seconds - days * 86_400
        let time = "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
        return "\(date)T\(time)\(fraction == 0 ? "" : "." + padded(fraction, 6))+00:00"
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// A time without a zone is UTC. `nil` if the text is no such time.
    static func date(_ text: String) -> Date? {
        var reader = Reader(Array(text.utf8))
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        var seconds = Double(date.daysSince1970 * 86_400)
        guard !reader.isAtEnd else { return Date(timeIntervalSince1970: seconds) }
        guard reader.take("T") || reader.take(" "), let time = reader.time() else { return nil }
        seconds += time
        guard let offset = reader.offset(), reader.isAtEnd else { return nil }
        return Date(timeIntervalSince1970: seconds - Double(offset))
    }

    private struct Reader {
        private let bytes: [UInt8]
        private var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { position == bytes.count }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        mutating func number(_ digits: Int) -> Int? {
            guard position + digits <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[position..<position + digits] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            position += digits
            return value
        }

        /// Seconds of the day.
        mutating func time() -> Double? {
            guard let hour = number(2), take(":"), let minute = number(2), hour < 24, minute < 60 else { return nil }
            var seconds = Double(hour * 3600 + minute * 60)
            guard take(":") else { return seconds }
            guard let second = number(2), second < 60 else { return nil }
            seconds += Double(second)
            guard take(".") else { return seconds }
            var unit = 0.1
            var count = 0
            while let digit = number(1) {
                seconds += Double(digit) * unit
                unit /= 10
                count += 1
            }
            return count > 0 ? seconds : nil
        }

        /// Seconds east of UTC.
        mutating func offset() -> Int? {
            if isAtEnd || take("Z") { return 0 }
            let sign: Int
            if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
            guard let hours = number(2) else { return nil }
            _ = take(":")
            guard let minutes = isAtEnd ? 0 : number(2) else { return nil }
            return sign * (hours * 3600 + minutes * 60)
        }
    }
}
