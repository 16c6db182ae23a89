import Foundation
import Storage
import Synchronization

/// The object store's time. It refuses requests that are signed with a time more than 15 minutes off
/// (`RequestTimeTooSkewed`), so a wrong clock of this machine is corrected by the `Date` of the responses.
final class ServiceClock: Sendable {
    /// How far the service is ahead.
    private let offset = Mutex<Duration>(.zero)
    /// Smaller differences are the time of the response on its way.
    private static let tolerance: Duration = .seconds(5)

    var now: Timestamp { Timestamp.now.advanced(by: offset.withLock { $0 }) }

    /// - Parameter date: the `Date` header of a response.
    /// - Returns: whether the time has been corrected noticeably.
    @discardableResult
    func learn(_ date: String?, at local: Timestamp = .now) -> Bool {
        guard let date = date.flatMap(HTTPDate.parse) else { return false }
        let difference = Timestamp(date).since(local)
        return offset.withLock { offset in
            let before = offset
            offset = Self.isSmall(difference) ? .zero : difference
            return !Self.isSmall(offset - before)
        }
    }

    private static func isSmall(_ difference: Duration) -> Bool {
        difference < tolerance && difference > .zero - tolerance
    }
}

/// Times as object stores write them.
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Fri, 24 May 2013 00:00:00 GMT` (RFC 9110, section 5.6.7); `nil` for anything else.
    static func parse(_ text: String) -> Date? {
        guard let match = text.wholeMatch(of: /[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9:]{8}) GMT/),
            let month = months.firstIndex(of: String(match.2))
        else { return nil }
        let number = month + 1
        return iso8601("\(match.3)-\(number < 10 ? "0" : "")\(number)-\(match.1)T\(match.4)Z")
    }

    /// `2013-05-24T00:00:00.000Z`, with or without a fraction.
    static func iso8601(_ text: String) -> Date? {
        (try? Date(text, strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true)))
            ?? (try? Date(text, strategy: .iso8601))
    }
}
