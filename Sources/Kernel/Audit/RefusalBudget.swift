import Storage

/// How many refusals are written one by one.
package struct RefusalLimits: Sendable {
    /// Of one source (an institution's people at one address): so many at once, then one a second.
    package var burst = 60.0
    package var perSecond = 1.0
    /// Of all sources together.
    package var totalBurst = 1000.0
    package var totalPerSecond = 50.0
    /// Sources that are remembered at once.
    package var sources = 4096
    /// How often counts are written.
    package var countInterval: Duration = .seconds(10)
    /// Addresses of requests without a token that are told apart, and how often their counts are written: anybody may
    /// send such requests, so all of them together make less than an entry a second.
    package var anonymous = 256
    package var anonymousInterval: Duration = .seconds(600)

    package init() {}
}

/// Decides which refusals are written and counts the others, so that a flood of bad requests fills neither the database
/// nor the memory; a value without input or output.
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
            action: "audit.strangers", sources: limits.anonymous, interval: limits.anonymousInterval)
    }

    /// Whether `entry` is written by itself; else it is counted.
    mutating func admits(_ entry: AuditEntry, at now: Timestamp) -> Bool {
        let source = RefusalSource(institution: entry.institution, address: entry.address)
        if allowances[source] == nil { makeRoom(at: now) }
        let isKnown = allowances[source] != nil || allowances.count < limits.sources
        var own = allowances[source] ?? Allowance(left: limits.burst)
        // The source's own allowance first: who floods must not use up what the others share.
        if isKnown, own.take(limits.burst, limits.perSecond, at: now) {
            allowances[source] = own
            if total.take(limits.totalBurst, limits.totalPerSecond, at: now) { return true }
        } else if isKnown {
            allowances[source] = own
        }
        beyond.add(source, at: now)
        return false
    }

    /// A request without any token; the trail of the default institution has the count.
    mutating func countAnonymousRequest(at address: String?, at now: Timestamp) {
        anonymous.add(RefusalSource(institution: .default, address: address), at: now)
    }

    /// One entry for each source with refusals that were only counted; nothing before the interval is over, but at once
    /// where that is asked for.
    mutating func takeCounted(at now: Timestamp, atOnce: Bool = false) -> [AuditEntry] {
        beyond.take(at: now, atOnce: atOnce) + anonymous.take(at: now, atOnce: atOnce)
    }

    /// Forgets sources that have their whole allowance again.
    private mutating func makeRoom(at now: Timestamp) {
        guard allowances.count >= limits.sources else { return }
        let wait = Duration.seconds(limits.burst / limits.perSecond)
        allowances = allowances.filter { now.since($0.value.takenAt ?? now) < wait }
    }
}

/// Whose refusals are counted together.
private struct RefusalSource: Hashable {
    let institution: InstitutionID
    /// Of IPv6 the network: one subscriber has all addresses in it.
    let address: String?

    init(institution: InstitutionID, address: String?) {
        self.institution = institution
        self.address = address.map { NetworkAddress($0)?.network ?? $0 }
    }
}

/// Numbers of refusals by their source, each of which becomes one entry.
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
        // Too many addresses at once are one source.
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

/// What may still be taken: it fills up again with time.
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
