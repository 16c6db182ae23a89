/// Rate-limits repeated log lines: an outage is logged once per interval and not for each request or check.
package struct RepeatFilter: Sendable {
    package enum Verdict: Equatable, Sendable {
        /// Write it; this many similar lines were omitted since the last one.
        case write(omitted: Int)
        case leaveOut
    }

    private struct Seen {
        let since: ContinuousClock.Instant
        var omitted = 0
    }

    private let interval: Duration
    private var seen: [String: Seen] = [:]

    /// The maximum number of causes remembered.
    private static let mostKeys = 100

    package init(interval: Duration = .seconds(60)) {
        self.interval = interval
    }

    /// - Parameter key: lines with equal keys are repetitions.
    package mutating func judge(_ key: String, at now: ContinuousClock.Instant = .now) -> Verdict {
        if let found = seen[key], now - found.since < interval {
            seen[key]?.omitted += 1
            return .leaveOut
        }
        let omitted = seen[key]?.omitted ?? 0
        if seen.count >= Self.mostKeys { seen = seen.filter { now - $0.value.since < interval } }
        if seen.count < Self.mostKeys || seen[key] != nil { seen[key] = Seen(since: now) }
        return .write(omitted: omitted)
    }
}
