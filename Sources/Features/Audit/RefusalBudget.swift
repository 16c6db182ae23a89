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

    package init() {}
}

/// Decides which refusals are written and counts the others, so that a flood of bad requests fills neither the database
/// nor the memory; a value without input or output.
struct RefusalBudget: Sendable {
    /// Whose refusals are counted together.
    private struct Source: Hashable {
        let institution: ID<Institution>
        let address: String?
    }

    private let limits: RefusalLimits
    private var total: Allowance
    private var allowances: [Source: Allowance] = [:]
    private var counted: [Source: Int] = [:]
    private var countedSince: Timestamp?

    init(_ limits: RefusalLimits) {
        self.limits = limits
        total = Allowance(left: limits.totalBurst)
    }

    /// Whether `entry` is written by itself; else it is counted.
    mutating func admits(_ entry: AuditEntry, at now: Timestamp) -> Bool {
        let source = Source(institution: entry.institution, address: entry.address)
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
        count(source, at: now)
        return false
    }

    /// One entry for each source with refusals that were only counted; nothing before the interval is over.
    mutating func takeCounted(at now: Timestamp) -> [AuditEntry] {
        guard let since = countedSince, now.since(since) >= limits.countInterval else { return [] }
        let entries = counted.map { source, number in
            AuditEntry(
                institution: source.institution, actor: nil, origin: RequestOrigin(address: source.address),
                action: "audit.refusals", objectType: "count", objectID: String(number), outcome: .refused, at: now)
        }
        counted = [:]
        countedSince = nil
        return entries
    }

    private mutating func count(_ source: Source, at now: Timestamp) {
        countedSince = countedSince ?? now
        // Too many addresses at once are one source.
        let isKnown = counted[source] != nil || counted.count < limits.sources
        counted[isKnown ? source : Source(institution: source.institution, address: nil), default: 0] += 1
    }

    /// Forgets sources that have their whole allowance again.
    private mutating func makeRoom(at now: Timestamp) {
        guard allowances.count >= limits.sources else { return }
        let wait = Duration.seconds(limits.burst / limits.perSecond)
        allowances = allowances.filter { now.since($0.value.takenAt ?? now) < wait }
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
