import HTTPTypes
import Synchronization

/// Counts requests by route, method and status, and their time to the first byte of the response.
final class RequestMetrics: Sendable {
    /// Upper bounds in seconds.
    static let buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    /// Clients may send any method; labels must be bounded.
    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    struct Call: Hashable, Comparable {
        /// The route's pattern: paths are unbounded.
        let route: String
        let method: String

        static func < (left: Call, right: Call) -> Bool { (left.route, left.method) < (right.route, right.method) }
    }

    struct Tally {
        var byStatus: [Int: Int] = [:]
        /// Not cumulative; the last one is for longer durations.
        var byDuration = [Int](repeating: 0, count: buckets.count + 1)
        var seconds = 0.0
    }

    struct State {
        var inFlight = 0
        var calls: [Call: Tally] = [:]
    }

    private let state = Mutex(State())

    var present: State { state.withLock { $0 } }

    func begin() {
        state.withLock { $0.inFlight += 1 }
    }

    func end(_ method: HTTPRequest.Method, route: String?, status: Int, after duration: Duration) {
        let name = Self.methods.contains(method.rawValue) ? method.rawValue : "other"
        let call = Call(route: route ?? "none", method: name)
        let (whole, fraction) = duration.components
        let seconds = Double(whole) + Double(fraction) * 1e-18
        let bucket = Self.buckets.firstIndex { seconds <= $0 } ?? Self.buckets.count
        state.withLock { state in
            state.inFlight -= 1
            state.calls[call, default: Tally()].byStatus[status, default: 0] += 1
            state.calls[call]?.byDuration[bucket] += 1
            state.calls[call]?.seconds += seconds
        }
    }
}
