import Basics
import Foundation
import Redis

/// Commands that only ask.
extension RemoteControl {
    /// `nil` for a command that is not one of these.
    func inspect(_ method: String, _ arguments: JSONValue) async -> JSONValue? {
        switch method {
        case "ping": return Self.ok("pong")
        case "active", "dump_active": return .list(await requests(.active))
        case "reserved", "dump_reserved": return .list(await requests(.ready) + requests(.limited))
        case "scheduled", "dump_schedule": return .list(await scheduled())
        case "registered", "dump_tasks": return .list(await registered(arguments))
        case "revoked", "dump_revoked": return .list(await core.revoked.inOrder.map { .text($0) })
        case "query_task": return await query(arguments)
        case "stats": return await stats()
        case "conf", "dump_conf": return conf()
        case "report": return Self.ok("NeuroAI worker on \(broker.url.redacted)")
        case "active_queues": return .list(consumer.queues.map(Self.description))
        case "clock": return ["clock": .integer(clock.value)]
        case "hello": return await hello(arguments)
        case "memsample", "memdump", "objgraph": return Self.error("\(method) is not supported by this worker")
        default: return nil
        }
    }

    private func requests(_ stage: HeldMessages.Stage) async -> [JSONValue] {
        await core.held.held(stage).map { info($0) }
    }

    private func info(_ held: HeldMessages.Held) -> JSONValue {
        let request = held.request
        return [
            "id": .text(request.id), "name": .text(request.headers["shadow"]?.asText ?? request.task),
            "args": .list(request.arguments), "kwargs": .object(request.keywords), "type": .text(request.task),
            "hostname": .text(configuration.nodeName),
            "time_start": held.running.map { .number($0.startedAt.timeIntervalSince1970) } ?? .null,
            "acknowledged": .bool(held.isAcknowledged),
            "delivery_info": [
                "exchange": .text(request.delivery.exchange), "routing_key": .text(request.delivery.routingKey),
                "priority": .integer(request.delivery.priority), "redelivered": .bool(request.delivery.isRedelivered),
            ],
            "worker_pid": .integer(Int(ProcessInfo.processInfo.processIdentifier)),
        ]
    }

    private func scheduled() async -> [JSONValue] {
        await core.held.held(.scheduled).map { held in
            [
                "eta": held.request.eta.map { .text(ISOTime.text($0)) } ?? .null, "priority": 6,
                "request": info(held),
            ]
        }
    }

    private func registered(_ arguments: JSONValue) async -> [JSONValue] {
        let wanted = arguments["taskinfoitems"]?.asList?.compactMap(\.asText) ?? []
        let items = wanted.isEmpty ? ["exchange", "routing_key", "rate_limit"] : wanted
        return await core.registered().map { name, rateLimit in
            guard items.contains("rate_limit"), let rateLimit else { return .text(name) }
            return .text("\(name) [rate_limit=\(rateLimit)]")
        }
    }

    private func query(_ arguments: JSONValue) async -> JSONValue {
        let ids = arguments["ids"].map { $0.asList ?? [$0] } ?? []
        var found: [String: JSONValue] = [:]
        for id in ids.compactMap(\.asText) {
            guard let held = await core.held.held(id: id) else { continue }
            let state =
                switch held.stage {
                case .active: "active"
                case .scheduled: "scheduled"
                case .ready, .limited: "reserved"
                }
            found[id] = [.text(state), info(held)]
        }
        return .object(found)
    }

    /// The greeting of another worker that starts (`celery.worker.consumer.mingle`).
    private func hello(_ arguments: JSONValue) async -> JSONValue {
        guard arguments["from_node"]?.asText != configuration.nodeName else { return .null }
        let revoked = arguments["revoked"]
        let ids = revoked?.asList?.compactMap(\.asText) ?? revoked?.asObject.map { Array($0.keys) } ?? []
        await core.markRevoked(ids)
        return await [
            "revoked": .list(core.revoked.inOrder.map { .text($0) }), "clock": .integer(clock.forward()),
        ]
    }

    private static func description(ofQueue name: String) -> JSONValue {
        [
            "name": .text(name), "routing_key": .text(name), "durable": true, "exclusive": false, "auto_delete": false,
            "no_ack": false, "alias": .null, "bindings": [], "no_declare": .null, "queue_arguments": .null,
            "binding_arguments": .null, "consumer_arguments": .null, "expires": .null, "message_ttl": .null,
            "max_length": .null, "max_length_bytes": .null, "max_priority": .null,
            "exchange": [
                "name": .text(name), "type": "direct", "arguments": .null, "durable": true, "passive": false,
                "auto_delete": false, "delivery_mode": .null, "no_declare": false,
            ],
        ]
    }

    // MARK: Statistics

    private func stats() async -> JSONValue {
        var address: [String: JSONValue] = ["transport": "redis", "virtual_host": .text(String(broker.url.database))]
        if case .host(let host, let port) = broker.url.address {
            address["hostname"] = .text(host)
            address["port"] = .integer(port)
        }
        let totals = await core.totals.mapValues { JSONValue.integer($0) }
        let concurrency = await core.concurrency
        let processID = JSONValue.integer(Int(ProcessInfo.processInfo.processIdentifier))
        return [
            "total": .object(totals), "pid": processID, "clock": .text(String(clock.value)),
            "uptime": .integer(Int(Date.now.timeIntervalSince(startedAt))),
            "broker": .object(address), "prefetch_count": .integer(await core.prefetchLimit),
            "pool": [
                "implementation": "neuroai", "max-concurrency": .integer(concurrency), "processes": [processID],
                "max-tasks-per-child": "N/A", "put-guarded-by-semaphore": false, "timeouts": [0, 0],
            ],
            "rusage": Self.usage(),
        ]
    }

    private static func usage() -> JSONValue {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> JSONValue { .number(Double(time.tv_sec) + Double(time.tv_usec) / 1e6) }
        return [
            "utime": seconds(usage.ru_utime), "stime": seconds(usage.ru_stime), "maxrss": .integer(usage.ru_maxrss),
            "minflt": .integer(usage.ru_minflt), "majflt": .integer(usage.ru_majflt),
            "nvcsw": .integer(usage.ru_nvcsw), "nivcsw": .integer(usage.ru_nivcsw),
        ]
    }

    private func conf() -> JSONValue {
        [
            "broker_url": .text(configuration.broker.redacted),
            "result_backend": configuration.backend.map { .text($0.redacted) } ?? .null,
            "worker_concurrency": .integer(configuration.concurrency),
            "worker_prefetch_multiplier": .integer(configuration.prefetchMultiplier),
            "task_default_queue": .text(configuration.defaultQueue),
            "result_expires": .integer(configuration.resultExpiry),
            "result_extended": .bool(configuration.extendsResults),
            "worker_send_task_events": .bool(configuration.sendsTaskEvents),
            "broker_transport_options": ["visibility_timeout": .number(configuration.visibilityTimeout)],
            "timezone": "UTC", "enable_utc": true,
        ]
    }
}
