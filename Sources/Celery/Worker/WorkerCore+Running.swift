import Basics
import Foundation
import Redis

extension WorkerCore {
    // MARK: Running

    func start(_ next: HeldMessages.Held) {
        let context = TaskContext(request: next.request, worker: configuration.nodeName, signal: InterruptionSignal())
        let running = RunningTask(context)
        held.update(next.tag) {
            $0.stage = .active
            $0.running = running
        }
        let limits = timeLimits[next.task.name]
        let soft = next.request.softTimeLimit ?? limits.map(\.soft) ?? next.task.options.softTimeLimit
        let hard = next.request.timeLimit ?? limits.map(\.hard) ?? next.task.options.timeLimit
        Task {
            await prepare(next)
            let outcome = await running.run(next.task, soft: soft, hard: hard)
            await finish(next, running, outcome)
            await running.ended()
            ended(next.tag)
        }
    }

    private nonisolated func prepare(_ next: HeldMessages.Held) async {
        let options = next.task.options
        if !options.acknowledgesLate {
            await acknowledge(next.tag)
            await markAcknowledged(next.tag)
        }
        events.sendTask("task-started", id: next.request.id)
        if options.tracksStart, !options.ignoresResult, !next.request.ignoresResult {
            let processID = Int(ProcessInfo.processInfo.processIdentifier)
            await persist("state") { [completion] in
                try await completion.started(next.request, processID: processID)
            }
        }
    }

    private func markAcknowledged(_ tag: String) { held.update(tag) { $0.isAcknowledged = true } }

    private func ended(_ tag: String) {
        held.remove(tag)
        startReady()
        announceIdle()
    }

    // MARK: Ending

    private nonisolated func finish(_ next: HeldMessages.Held, _ running: RunningTask, _ outcome: TaskOutcome) async {
        let request = next.request
        let ignores = request.ignoresResult || next.task.options.ignoresResult
        switch outcome {
        case .value(let value):
            await persist("result") { [completion] in
                try await completion.succeeded(request, value, ignoresResult: ignores)
            }
            events.sendTask(
                "task-succeeded", id: request.id,
                [
                    "result": .text(PythonRepr.value(value)),
                    "runtime": .number(Date.now.timeIntervalSince(running.startedAt)),
                ])
            await count(request.task)
        case .failure(let failure): await fail(request, failure, ignores)
        case .timeLimit(let seconds): await fail(request, .timeLimitExceeded(seconds), ignores)
        case .revoked(let signal):
            await persist("result") { [completion] in
                try await completion.revoked(request, reason: "terminated", ignoresResult: ignores)
            }
            events.sendTask(
                "task-revoked", id: request.id, ["terminated": true, "signum": .text(signal), "expired": false])
        case .exit(let exit):
            guard await leave(next, exit, ignores) else { return }
        case .handedBack:
            if next.task.options.acknowledgesLate { return await handBack(next.tag) }
            await fail(request, TaskFailure(type: "WorkerShutdown", message: "The worker was stopped."), ignores)
        }
        await acknowledge(next.tag)
    }

    private nonisolated func fail(_ request: TaskRequest, _ failure: TaskFailure, _ ignoresResult: Bool) async {
        logger.error(
            "Task failed", metadata: ["task": "\(request.task)", "id": "\(request.id)", "error": "\(failure.type)"])
        await persist("result") { [completion] in
            try await completion.failed(request, failure, ignoresResult: ignoresResult)
        }
        events.sendTask(
            "task-failed", id: request.id,
            ["exception": .text(failure.description), "traceback": failure.traceback.map { .text($0) } ?? .null])
        await count(request.task)
    }

    /// - Returns: whether the message is to be acknowledged.
    private nonisolated func leave(_ next: HeldMessages.Held, _ exit: TaskExit, _ ignores: Bool) async -> Bool {
        let request = next.request
        switch exit {
        case .ignore: return true
        case .reject(let requeue, let reason):
            events.sendTask("task-rejected", id: request.id, ["requeue": .bool(requeue)])
            guard requeue else {
                await fail(request, .rejected(reason), ignores)
                return true
            }
            await handBack(next.tag)
            return false
        case .retry(let after, let reason, let maxRetries):
            if let most = maxRetries ?? next.task.options.maxRetries, request.retries >= most {
                await fail(
                    request, reason ?? .maxRetriesExceeded("Can't retry \(request.task)[\(request.id)]"), ignores)
                return true
            }
            let retry = RetryRequest(
                eta: Date.now.addingTimeInterval(after ?? next.task.options.retryDelay), reason: reason)
            events.sendTask(
                "task-retried", id: request.id,
                ["exception": reason.map { .text($0.description) } ?? "None", "traceback": ""])
            await persist("retry") { [completion] in
                try await completion.retried(request, retry, ignoresResult: ignores)
            }
            return true
        }
    }

    private func count(_ task: String) { totals[task, default: 0] += 1 }

    // MARK: Redis

    nonisolated func acknowledge(_ tag: String) async {
        await persist("acknowledgement") { [broker] in try await broker.acknowledge(tag) }
    }

    nonisolated func handBack(_ tag: String) async {
        await persist("return to the queue") { [broker] in try await broker.restore(tag, toFront: true) }
    }

    /// Repeats work until Redis has accepted it. When the worker stops meanwhile, it ends without: the message is then still
    /// unacknowledged, and is delivered again.
    nonisolated func persist(_ what: String, _ work: @Sendable () async throws -> Void) async {
        var failures = 0
        while true {
            do {
                return try await work()
            } catch let error as RedisError where error != .closed {
                failures += 1
                logger.warning("Redis failed", metadata: ["during": "\(what)", "error": "\(error)"])
                await RedisOptions().wait(after: failures)
            } catch {
                logger.error("Not stored", metadata: ["what": "\(what)", "error": "\(error)"])
                return
            }
        }
    }

    // MARK: Stopping

    /// Nothing starts any more; what has not started is returned to its queues.
    func stopStarting() async {
        isStopping = true
        announceRoom()
        let waiting = held.all.values.filter { $0.stage != .active }
        for message in waiting {
            message.timer?.cancel()
            held.remove(message.tag)
        }
        // Each is put where the next is taken, so the first to arrive is put last.
        for message in waiting.sorted(by: { $0.arrival > $1.arrival }) { await handBack(message.tag) }
    }

    /// Cancels what still runs; its messages are returned to their queues.
    func interruptAll() {
        for message in held.held(.active) { message.running?.interrupt(.shutdown, .handedBack) }
    }
}
