import Basics
import Foundation
import Logging
import Redis

/// The state of a worker: which messages it holds and which tasks run.
actor WorkerCore {
    let configuration: WorkerConfiguration
    let tasks: [String: CeleryTask]
    let broker: Broker
    let completion: Completion
    let events: EventDispatcher
    let logger: Logger

    var held = HeldMessages()
    var revoked = RevokedTasks()
    var concurrency: Int
    var buckets: [String: RateBucket<String>] = [:]
    /// Limits that `control time_limit` has set.
    var timeLimits: [String: TimeLimits] = [:]
    /// Limits that `control rate_limit` has set; `0` for none.
    var rateLimits: [String: String] = [:]
    var totals: [String: Int] = [:]
    var isStopping = false
    /// Tasks being started, ended or turned away, beside those that run.
    private var aside = 0
    /// Tasks whose rate limit has a timer.
    private var waking: Set<String> = []
    private var roomWaiter: CheckedContinuation<Int, Never>?
    private var idleWaiters: [CheckedContinuation<Void, Never>] = []

    struct TimeLimits: Sendable {
        let soft: Double?
        let hard: Double?
    }

    init(
        _ configuration: WorkerConfiguration, _ tasks: [CeleryTask], _ broker: Broker, _ completion: Completion,
        _ events: EventDispatcher, _ logger: Logger
    ) {
        self.configuration = configuration
        self.tasks = Dictionary(tasks.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        self.broker = broker
        self.completion = completion
        self.events = events
        self.logger = logger
        concurrency = configuration.concurrency
        for task in tasks {
            if let limit = task.options.rateLimit { buckets[task.name] = RateBucket(limit) }
        }
    }

    // MARK: Room

    /// At least one task is held for each that can run.
    var prefetchLimit: Int { concurrency * max(configuration.prefetchMultiplier, 1) }

    /// Waits until further messages may be taken. 0 when it stops.
    func room() async -> Int {
        let room = isStopping ? 0 : prefetchLimit - held.prefetched
        if room > 0 || isStopping { return room }
        return await withCheckedContinuation { roomWaiter = $0 }
    }

    func announceRoom() {
        let room = isStopping ? 0 : prefetchLimit - held.prefetched
        guard let waiter = roomWaiter, room > 0 || isStopping else { return }
        roomWaiter = nil
        waiter.resume(returning: room)
    }

    // MARK: Receiving

    func receive(_ deliveries: [Delivery]) async {
        for delivery in deliveries { receive(delivery) }
        startReady()
    }

    private func receive(_ delivery: Delivery) {
        let request: TaskRequest
        do {
            request = try TaskRequest(delivery.message, queue: delivery.queue)
        } catch {
            logger.error("Task message discarded", metadata: ["queue": "\(delivery.queue)", "error": "\(error)"])
            return turnAway { await $0.acknowledge(delivery.tag) }
        }
        guard let task = tasks[request.task] else { return turnAwayUnknown(request, delivery.tag) }
        guard !isStopping else { return turnAway { await $0.handBack(delivery.tag) } }
        let isScheduled = request.eta.map { $0 > .now } ?? false
        let isLimited = buckets[request.task] != nil
        let stage: HeldMessages.Stage = isScheduled ? .scheduled : isLimited ? .limited : .ready
        held.insert(.init(tag: delivery.tag, request: request, task: task, stage: stage))
        if discardIfRevoked(delivery.tag) { return }
        logger.info("Task received", metadata: ["task": "\(request.task)", "id": "\(request.id)"])
        sendReceived(request)
        if isScheduled {
            schedule(delivery.tag, request)
        } else if isLimited {
            buckets[request.task]?.append(delivery.tag)
            step(request.task)
        }
    }

    private func sendReceived(_ request: TaskRequest) {
        func text(_ value: String?) -> JSONValue { value.map { .text($0) } ?? .null }
        report(
            "task-received", request,
            [
                "name": .text(request.task), "args": request.headers["argsrepr"] ?? "",
                "kwargs": request.headers["kwargsrepr"] ?? "", "root_id": text(request.rootID),
                "parent_id": text(request.parentID), "retries": .integer(request.retries),
                "eta": text(request.eta.map(ISOTime.text)), "expires": text(request.expires.map(ISOTime.text)),
            ])
    }

    private func turnAwayUnknown(_ request: TaskRequest, _ tag: String) {
        logger.error("Task of unregistered type", metadata: ["task": "\(request.task)", "id": "\(request.id)"])
        turnAway { core in
            await core.persist("result") {
                try await core.completion.failed(request, .notRegistered(request.task), ignoresResult: false)
            }
            await core.acknowledge(tag)
            core.events.sendTask(
                "task-failed", id: request.id, ["exception": .text(TaskFailure.notRegistered(request.task).description)]
            )
        }
    }

    // MARK: Waiting tasks

    private func schedule(_ tag: String, _ request: TaskRequest) {
        guard let eta = request.eta else { return }
        let timer = Task {
            guard (try? await Task.sleep(for: .seconds(max(0, eta.timeIntervalSinceNow)))) != nil else { return }
            due(tag)
        }
        held.update(tag) { $0.timer = timer }
    }

    private func due(_ tag: String) {
        guard let waiting = held[tag], waiting.stage == .scheduled, !isStopping else { return }
        if buckets[waiting.request.task] != nil {
            held.update(tag) { $0.stage = .limited }
            buckets[waiting.request.task]?.append(tag)
            step(waiting.request.task)
        } else {
            held.update(tag) { $0.stage = .ready }
            startReady()
        }
    }

    /// Releases what the rate limit of a task allows, and comes back when it allows the next.
    func step(_ task: String) {
        while true {
            let now = Double(DispatchTime.now().uptimeNanoseconds) / 1e9
            switch buckets[task]?.step(now: now) {
            case .start(let tag):
                held.update(tag) { $0.stage = .ready }
                startReady()
            case .wait(let seconds):
                guard waking.insert(task).inserted else { return }
                Task {
                    try? await Task.sleep(for: .seconds(seconds))
                    waking.remove(task)
                    step(task)
                }
                return
            case .idle, nil: return
            }
        }
    }

    func startReady() {
        while !isStopping, held.count(.active) < concurrency, let next = held.nextReady() {
            if !discardIfRevoked(next.tag) { start(next) }
        }
        announceRoom()
    }

    // MARK: Revoked tasks

    /// Turns a held task away that was revoked or has expired.
    func discardIfRevoked(_ tag: String) -> Bool {
        guard let candidate = held[tag], candidate.stage != .active else { return false }
        let request = candidate.request
        let isExpired = request.expires.map { $0 < .now } ?? false
        guard isExpired || revoked.contains(request.id) else { return false }
        if isExpired { revoked.insert(request.id) }
        candidate.timer?.cancel()
        buckets[request.task]?.removeAll { $0 == tag }
        held.remove(tag)
        let reason = isExpired ? "expired" : "revoked"
        logger.info("Task discarded", metadata: ["id": "\(request.id)", "reason": "\(reason)"])
        report(
            "task-revoked", request, ["terminated": false, "signum": .null, "expired": .bool(isExpired)])
        let ignores = request.ignoresResult || candidate.task.options.ignoresResult
        turnAway { core in
            await core.persist("result") {
                try await core.completion.revoked(request, reason: reason, ignoresResult: ignores)
            }
            await core.acknowledge(tag)
        }
        announceRoom()
        return true
    }

    // MARK: Aside

    /// Work that the shutdown waits for.
    func turnAway(_ work: @escaping @Sendable (WorkerCore) async -> Void) {
        aside += 1
        Task {
            await work(self)
            aside -= 1
            announceIdle()
        }
    }

    func report(_ type: String, _ request: TaskRequest, _ fields: [String: JSONValue] = [:]) {
        events.sendTask(type, id: request.id, fields)
    }

    func announceIdle() {
        guard aside == 0, held.count(.active) == 0 else { return }
        for waiter in idleWaiters { waiter.resume() }
        idleWaiters = []
    }

    /// Returns when no task runs and nothing is being ended.
    func idle() async {
        guard aside > 0 || held.count(.active) > 0 else { return }
        await withCheckedContinuation { idleWaiters.append($0) }
    }
}
