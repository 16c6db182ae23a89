import Basics
import Foundation

/// A time in microseconds since 1970-01-01 UTC; as text ISO-8601 with `Z`.
package struct Timestamp: Hashable, Comparable, Sendable, SQLConvertible, CustomStringConvertible {
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    package init(_ date: Date) {
        microseconds = Int64((date.timeIntervalSince1970 * 1_000_000).rounded())
    }

    /// The system clock's time.
    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    /// Seconds since 1970.
    package var seconds: Double { Double(microseconds) / 1_000_000 }

    package var date: Date { Date(timeIntervalSince1970: Double(microseconds) / 1_000_000) }

    package var sqlValue: SQLValue { .int(microseconds) }
    package init?(sqlValue: SQLValue) {
        guard case .int(let number) = sqlValue else { return nil }
        microseconds = number
    }

    package static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    /// Moves by whole microseconds; cannot overflow in practice, since a century is far from the type's range.
    package func advanced(by duration: Duration) -> Timestamp {
        Timestamp(microseconds: microseconds &+ duration.microseconds)
    }

    /// The time from `earlier` to this time.
    package func since(_ earlier: Timestamp) -> Duration {
        .microseconds(microseconds &- earlier.microseconds)
    }

    package var description: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(28)
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the text without allocating: a page of a list has dozens of times.
    package func append(to bytes: inout [UInt8]) {
        let day = Int((Double(microseconds) / 86_400_000_000).rounded(.down))
        let ofDay = Int(microseconds - Int64(day) * 86_400_000_000)
        let seconds = ofDay / 1_000_000
        CivilDate(daysSince1970: day).append(to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        bytes.append(seconds / 3600, padded: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(seconds / 60 % 60, padded: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(seconds % 60, padded: 2)
        bytes.append(UInt8(ascii: "."))
        bytes.append(ofDay % 1_000_000, padded: 6)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// Parses `2026-11-23T19:04:52Z`, with or without a fraction or an offset; `nil` if `text` is invalid.
    package init?(_ text: String) {
        var clock = text
        var offset = 0
        // Foundation rejects offsets beyond 18 hours; RFC 3339 allows up to 23:59.
        if let found = text.wholeMatch(of: /(.+T.+)([+-])([01]\d|2[0-3]):([0-5]\d)/.asciiOnlyDigits()),
            let hours = Int(found.3), let minutes = Int(found.4)
        {
            clock = found.1 + "Z"
            offset = (found.2 == "-" ? -1 : 1) * (hours * 60 + minutes)
        }
        for fraction in [true, false] {
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: fraction)
            if let date = try? Date(clock, strategy: style) {
                self = Timestamp(date).advanced(by: .seconds(-60 * offset))
                return
            }
        }
        return nil
    }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let time = Timestamp(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a time in ISO-8601"))
        }
        self = time
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Duration {
    /// The whole microseconds of this duration.
    package var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
