import Storage
import Synchronization

extension JobPolicy {
    /// No job waits and no lease lasts longer than this.
    package static let furthestTime: Duration = .seconds(600)
}

extension Timestamp {
    /// Whether a job's time is so far in the future that the clock must have been set back since it was written.
    package func isMisdated(at now: Timestamp) -> Bool { self > now.advanced(by: JobPolicy.furthestTime) }
}

/// Watches leases that expire too far in the future, because the clock has been set back since they were written: their
/// workers extend them within seconds if they are alive.
final class LeaseWatch: Sendable {
    /// A running job and when its lease expires.
    struct Lease: Sendable {
        let job: ID<JobRecord>
        let expires: Timestamp
    }

    private struct Sighting {
        let expires: Timestamp
        let first: ContinuousClock.Instant
    }

    private let sightings = Mutex<[ID<JobRecord>: Sighting]>([:])

    /// The jobs whose leases have not changed for `duration` while this process looked. Its own clock counts, which never
    /// runs backwards.
    func unchanged(
        _ leases: [Lease], for duration: Duration, at now: ContinuousClock.Instant = .now
    ) -> [ID<JobRecord>] {
        sightings.withLock { sightings in
            var present: [ID<JobRecord>: Sighting] = [:]
            for lease in leases {
                let known = sightings[lease.job].flatMap { $0.expires == lease.expires ? $0 : nil }
                present[lease.job] = known ?? Sighting(expires: lease.expires, first: now)
            }
            sightings = present
            return present.filter { now - $0.value.first >= duration }.map(\.key)
        }
    }
}
