/// How often tasks of a kind may start: `10/s`, `100/m`, `1000/h`, or a number for each second.
package struct RateLimit: Sendable, Equatable, CustomStringConvertible {
    package let description: String
    /// Tasks for each second.
    let rate: Double

    package struct Malformed: Error, Equatable {}

    /// `nil` for no limit: `0` or an empty text.
    ///
    /// - Throws: `Malformed`.
    package init?(_ text: String) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard !text.isEmpty else { return nil }
        let units = ["s": 1.0, "m": 60, "h": 3600]
        guard parts.count <= 2, let count = Double(parts[0]), count >= 0, count.isFinite,
            let unit = parts.count == 1 ? 1 : units[String(parts[1])]
        else { throw Malformed() }
        guard count > 0 else { return nil }
        description = text
        rate = count / unit
    }
}

/// A token bucket of one token (`kombu.utils.limits.TokenBucket`), with the tasks that wait for it.
struct RateBucket<Element> {
    private(set) var waiting: [Element] = []
    private let rate: Double
    /// When the next token is there, in seconds.
    private var next: Double = 0

    init(_ limit: RateLimit) { rate = limit.rate }

    mutating func append(_ element: Element) { waiting.append(element) }

    mutating func removeAll(where matches: (Element) -> Bool) { waiting.removeAll(where: matches) }

    enum Step {
        case start(Element)
        /// Seconds.
        case wait(Double)
        case idle
    }

    /// - Parameter now: in seconds of a monotonic clock.
    mutating func step(now: Double) -> Step {
        guard !waiting.isEmpty else { return .idle }
        guard now >= next else { return .wait(next - now) }
        next = max(now, next) + 1 / rate
        return .start(waiting.removeFirst())
    }
}
