import Foundation

/// What remote control asks of a worker.
extension WorkerCore {
    /// No message that arrives is run any more.
    func stopAccepting() {
        isStopping = true
        announceRoom()
    }

    /// Names of tasks in order, with their rate limits.
    func registered() -> [(String, String?)] {
        tasks.keys.sorted().map { ($0, rateLimits[$0] ?? tasks[$0]?.options.rateLimit?.description) }
    }

    func markRevoked(_ ids: [String]) {
        for id in ids {
            revoked.insert(id)
            if let waiting = held.held(id: id) { _ = discardIfRevoked(waiting.tag) }
        }
    }

    /// Tasks that have not started will not; running ones go on.
    func revoke(_ ids: [String]) {
        let unknown = ids.filter { held.held(id: $0) == nil }
        markRevoked(ids)
        for id in unknown {
            turnAway { core in
                await core.persist("result") { try await core.completion.revokedUnseen(id) }
            }
        }
    }

    /// Also cancels running tasks.
    ///
    /// - Returns: those that this worker holds.
    func terminate(_ ids: [String], signal: String) -> [String] {
        let known = ids.filter { held.held(id: $0) != nil }
        revoke(ids)
        for id in known {
            held.held(id: id)?.running?.interrupt(.revoked(signal: signal), .revoked(signal: signal))
        }
        return known
    }

    /// - Returns: whether there is such a task.
    func setRateLimit(_ limit: RateLimit?, of task: String) -> Bool {
        guard tasks[task] != nil else { return false }
        let waiting = buckets[task]?.waiting ?? []
        buckets[task] = limit.map { RateBucket($0) }
        rateLimits[task] = limit?.description ?? "0"
        for tag in waiting {
            if limit == nil { held.update(tag) { $0.stage = .ready } } else { buckets[task]?.append(tag) }
        }
        if limit != nil { step(task) }
        startReady()
        return true
    }

    /// - Returns: whether there is such a task.
    func setTimeLimits(_ limits: TimeLimits, of task: String) -> Bool {
        guard tasks[task] != nil else { return false }
        timeLimits[task] = limits
        return true
    }

    func changeConcurrency(by change: Int) {
        concurrency = max(1, concurrency + change)
        startReady()
    }
}
