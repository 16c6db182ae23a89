import Storage

/// The number of denied requests that are written individually.
package struct RefusalLimits: Sendable {
    /// Per source (an institution's users at one address): the burst, then one per second.
    package var burst = 60.0
    package var perSecond = 1.0
    /// For all sources together.
    package var totalBurst = 1000.0
    package var totalPerSecond = 50.0
    /// The maximum number of tracked sources.
    package var sources = 4096
    /// The interval at which counts are written.
    package var countInterval: Duration = .seconds(10)
    /// The number of addresses of anonymous requests that are tracked separately, and the interval of their counts:
    /// anyone may send such requests, so together they produce less than one entry per second.
    package var anonymous = 256
    package var anonymousInterval: Duration = .seconds(600)

    package init() {}
}

/// Decides which denied requests are written and counts the others, so that a flood fills neither the database nor
/// memory. Performs no I/O.
struct RefusalBudget: Sendable {
    private let limits: RefusalLimits
    private var total: Allowance
    private var allowances: [RefusalSource: Allowance] = [:]
    private var beyond: RefusalCounts
    private var anonymous: RefusalCounts

    init(_ limits: RefusalLimits) {
        self.limits = limits
        total = Allowance(left: limits.totalBurst)
        beyond = RefusalCounts(action: "audit.refusals", sources: limits.sources, interval: limits.countInterval)
        anonymous = RefusalCounts(
            action: "audit.anonymous", sources: limits.anonymous, interval: limits.anonymousInterval)
    }

    /// Whether `entry` is written individually; otherwise it is counted.
    mutating func admits(_ entry: AuditEntry, at now: Timestamp) -> Bool {
        let source = RefusalSource(institution: entry.institution, address: entry.address)
        if allowances[source] == nil { makeRoom(at: now) }
        let isKnown = allowances[source] != nil || allowances.count < limits.sources
        var own = allowances[source] ?? Allowance(left: limits.burst)
        // The source's own allowance first: a flooding source must not use up the shared one.
        if isKnown, own.take(limits.burst, limits.perSecond, at: now) {
            allowances[source] = own
            if total.take(limits.totalBurst, limits.totalPerSecond, at: now) { return true }
        } else if isKnown {
            allowances[source] = own
        }
        beyond.add(source, at: now)
        return false
    }

    /// Counts a request without a token; the default institution's trail gets the count.
    mutating func countAnonymousRequest(at address: String?, at now: Timestamp) {
        anonymous.add(RefusalSource(institution: .default, address: address), at: now)
    }

    /// One entry per source with counted requests; none before the interval has elapsed, unless `atOnce` is set.
    mutating func takeCounted(at now: Timestamp, atOnce: Bool = false) -> [AuditEntry] {
        beyond.take(at: now, atOnce: atOnce) + anonymous.take(at: now, atOnce: atOnce)
    }

    /// Drops sources whose allowance is full again.
    private mutating func makeRoom(at now: Timestamp) {
        guard allowances.count >= limits.sources else { return }
        let wait = Duration.seconds(limits.burst / limits.perSecond)
        allowances = allowances.filter { now.since($0.value.takenAt ?? now) < wait }
    }
}

/// The source by which denied requests are counted.
private struct RefusalSource: Hashable {
    let institution: InstitutionID
    /// For IPv6 the network: one subscriber has all addresses in it.
    let address: String?

    init(institution: InstitutionID, address: String?) {
        self.institution = institution
        self.address = address.map { NetworkAddress($0)?.network ?? $0 }
    }
}

/// Counts of denied requests by source, each of which becomes one entry.
private struct RefusalCounts: Sendable {
    let action: String
    let sources: Int
    let interval: Duration
    private var numbers: [RefusalSource: Int] = [:]
    private var since: Timestamp?

    init(action: String, sources: Int, interval: Duration) {
        self.action = action
        self.sources = sources
        self.interval = interval
    }

    mutating func add(_ source: RefusalSource, at now: Timestamp) {
        since = since ?? now
        // Addresses beyond the limit count as one source.
        let isKnown = numbers[source] != nil || numbers.count < sources
        numbers[isKnown ? source : RefusalSource(institution: source.institution, address: nil), default: 0] += 1
    }

    mutating func take(at now: Timestamp, atOnce: Bool) -> [AuditEntry] {
        guard let since, atOnce || now.since(since) >= interval else { return [] }
        let entries = numbers.map { source, number in
            AuditEntry(
                institution: source.institution, actor: nil, origin: RequestOrigin(address: source.address),
                action: action, objectType: "count", objectID: String(number), outcome: .refused, at: now)
        }
        numbers = [:]
        self.since = nil
        return entries
    }
}

/// A token bucket.
private struct Allowance: Sendable {
    var left: Double
    var takenAt: Timestamp?

    mutating func take(_ most: Double, _ perSecond: Double, at now: Timestamp) -> Bool {
        if let takenAt {
            let seconds = Double(now.since(takenAt).microseconds) / 1_000_000
            left = min(most, left + max(0, seconds) * perSecond)
        }
        takenAt = now
        guard left >= 1 else { return false }
        left -= 1
        return true
    }
}
