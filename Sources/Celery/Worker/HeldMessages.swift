import Foundation

/// The messages that a worker holds, with what it is going to do with each. A pure value: `WorkerCore` acts.
struct HeldMessages {
    enum Stage: Sendable, Equatable {
        /// Waits for its ETA.
        case scheduled
        /// Waits for its rate limit.
        case limited
        case ready
        case active
    }

    struct Held: Sendable {
        let tag: String
        let request: TaskRequest
        let task: CeleryTask
        var stage: Stage
        /// Wakes it at its ETA.
        var timer: Task<Void, Never>?
        var running: RunningTask?
        var isAcknowledged = false
        /// Counts up.
        fileprivate(set) var arrival = 0
    }

    private(set) var all: [String: Held] = [:]
    private var tagOfID: [String: String] = [:]
    private var ready: [String] = []
    private var firstReady = 0
    private var counts: [Stage: Int] = [:]
    private var arrivals = 0

    func count(_ stage: Stage) -> Int { counts[stage] ?? 0 }

    /// Messages that count for the prefetch limit: all but those whose time has not come.
    var prefetched: Int { all.count - count(.scheduled) }

    func held(id: String) -> Held? { tagOfID[id].flatMap { all[$0] } }

    func held(_ stage: Stage) -> [Held] { all.values.filter { $0.stage == stage } }

    /// What is still ours to renew.
    var unacknowledged: [String] { all.values.filter { !$0.isAcknowledged }.map(\.tag) }

    subscript(_ tag: String) -> Held? { all[tag] }

    mutating func insert(_ held: Held) {
        var held = held
        arrivals += 1
        held.arrival = arrivals
        all[held.tag] = held
        tagOfID[held.request.id] = held.tag
        counts[held.stage, default: 0] += 1
        if held.stage == .ready { ready.append(held.tag) }
    }

    mutating func update(_ tag: String, _ change: (inout Held) -> Void) {
        guard var held = all[tag] else { return }
        let before = held.stage
        change(&held)
        all[tag] = held
        guard before != held.stage else { return }
        counts[before, default: 0] -= 1
        counts[held.stage, default: 0] += 1
        if held.stage == .ready { ready.append(tag) }
    }

    @discardableResult
    mutating func remove(_ tag: String) -> Held? {
        guard let held = all.removeValue(forKey: tag) else { return nil }
        counts[held.stage, default: 0] -= 1
        if tagOfID[held.request.id] == tag { tagOfID[held.request.id] = nil }
        return held
    }

    /// The next one that can start, in the order of arrival.
    mutating func nextReady() -> Held? {
        while firstReady < ready.count {
            let tag = ready[firstReady]
            firstReady += 1
            if firstReady > 1024 {
                ready.removeFirst(firstReady)
                firstReady = 0
            }
            if let held = all[tag], held.stage == .ready { return held }
        }
        ready.removeAll(keepingCapacity: true)
        firstReady = 0
        return nil
    }
}

/// The ids of revoked tasks; the oldest of very many are forgotten (`CELERY_WORKER_REVOKES_MAX`).
struct RevokedTasks {
    private static let most = 50_000
    private var members: Set<String> = []
    private(set) var inOrder: [String] = []

    func contains(_ id: String) -> Bool { members.contains(id) }

    mutating func insert(_ id: String) {
        guard members.insert(id).inserted else { return }
        inOrder.append(id)
        guard inOrder.count > Self.most else { return }
        members.subtract(inOrder.prefix(Self.most / 10))
        inOrder.removeFirst(Self.most / 10)
    }
}
