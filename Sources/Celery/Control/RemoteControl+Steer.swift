import Basics
import Foundation

/// Commands that change something.
extension RemoteControl {
    /// `nil` for a command that is unknown.
    func steer(_ method: String, _ arguments: JSONValue) async -> JSONValue? {
        switch method {
        case "revoke": return await revoke(arguments)
        case "terminate": return await revoke(.object((arguments.asObject ?? [:]).merging(["terminate": true]) { $1 }))
        case "rate_limit": return await rateLimit(arguments)
        case "time_limit": return await timeLimit(arguments)
        case "add_consumer":
            guard let queue = arguments["queue"]?.asText else { return Self.error("TypeError('queue is missing')") }
            await consumer.add(queue)
            return Self.ok("add consumer \(queue)")
        case "cancel_consumer":
            guard let queue = arguments["queue"]?.asText else { return Self.error("TypeError('queue is missing')") }
            await consumer.remove(queue)
            return Self.ok("no longer consuming from \(queue)")
        case "enable_events":
            return Self.ok(events.setTaskEvents(true) ? "task events enabled" : "task events already enabled")
        case "disable_events":
            return Self.ok(events.setTaskEvents(false) ? "task events disabled" : "task events already disabled")
        case "heartbeat":
            await events.sendWorker("worker-heartbeat", ["freq": 5, "sw_ident": "neuroai"])
            return .null
        case "pool_grow":
            await core.changeConcurrency(by: arguments["n"]?.asInteger ?? 1)
            return Self.ok("pool will grow")
        case "pool_shrink":
            await core.changeConcurrency(by: -(arguments["n"]?.asInteger ?? 1))
            return Self.ok("pool will shrink")
        case "pool_restart": return Self.error("Pool restarts are not supported by this worker")
        case "autoscale": return Self.error("Autoscale is not supported by this worker")
        case "revoke_by_stamped_headers": return Self.error("Revoking by stamps is not supported by this worker")
        case "shutdown":
            stop()
            return .null
        // Elections are between workers with gossip, which this one does not join.
        case "election": return .null
        default: return nil
        }
    }

    private func revoke(_ arguments: JSONValue) async -> JSONValue {
        let ids = (arguments["task_id"].map { $0.asList ?? [$0] } ?? []).compactMap(\.asText)
        guard arguments["terminate"]?.asBool ?? false else {
            await core.revoke(ids)
            return Self.ok("tasks \(PythonRepr.value(.list(ids.map { .text($0) }))) flagged as revoked")
        }
        let terminated = await core.terminate(ids, signal: arguments["signal"]?.asText ?? "SIGTERM")
        guard !terminated.isEmpty else { return Self.ok("terminate: tasks unknown") }
        return Self.ok("terminate: \(terminated.joined(separator: ", "))")
    }

    private func rateLimit(_ arguments: JSONValue) async -> JSONValue {
        let text = arguments["rate_limit"]?.asText ?? arguments["rate_limit"]?.asNumber.map { String($0) } ?? ""
        do {
            let limit = try RateLimit(text)
            guard await core.setRateLimit(limit, of: arguments["task_name"]?.asText ?? "") else {
                return Self.error("unknown task")
            }
            return Self.ok(limit == nil ? "rate limit disabled successfully" : "new rate limit set successfully")
        } catch {
            return Self.error("Invalid rate limit string: \(PythonRepr.quoted(text))")
        }
    }

    private func timeLimit(_ arguments: JSONValue) async -> JSONValue {
        let limits = WorkerCore.TimeLimits(
            soft: arguments["soft"]?.asNumber, hard: arguments["hard"]?.asNumber)
        guard await core.setTimeLimits(limits, of: arguments["task_name"]?.asText ?? "") else {
            return Self.error("unknown task")
        }
        return Self.ok("time limits set successfully")
    }
}
