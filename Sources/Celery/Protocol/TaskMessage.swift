import Basics
import Foundation

/// Builds messages of Celery's protocol 2
/// (https://docs.celeryq.dev/en/stable/internals/protocol.html, `celery.app.amqp.AMQP.as_task_v2`).
enum TaskMessage {
    /// - Parameters:
    ///   - id: of the task.
    ///   - origin: the node name of the sender.
    static func message(_ signature: Signature, id: String, origin: String) -> KombuMessage {
        let options = signature.options
        let members = options.members
        func text(_ value: String?) -> JSONValue { value.map { .text($0) } ?? .null }
        func member(_ name: String) -> JSONValue { members[name] ?? .null }
        let eta = options.countdown.map { Date.now.addingTimeInterval($0) } ?? options.eta
        let expires = options.expiresIn.map { Date.now.addingTimeInterval($0) } ?? options.expires
        let stamped = members["stamped_headers"]?.asList?.compactMap(\.asText)
        let stamps = (stamped ?? []).map { ($0, member($0)) }
        let own: [String: JSONValue] = [
            "lang": "py", "task": .text(signature.task), "id": .text(id), "shadow": member("shadow"),
            "eta": text(eta.map(ISOTime.text)), "expires": text(expires.map(ISOTime.text)),
            "group": text(options.groupID), "group_index": member("group_index"),
            "retries": members["retries"] ?? 0,
            "timelimit": [member("time_limit"), member("soft_time_limit")],
            "root_id": .text(options.rootID ?? id), "parent_id": text(options.parentID),
            "argsrepr": .text(PythonRepr.arguments(signature.arguments)),
            "kwargsrepr": .text(PythonRepr.keywords(signature.keywords)),
            "origin": members["origin"] ?? .text(origin), "ignore_result": members["ignore_result"] ?? false,
            "replaced_task_nesting": members["replaced_task_nesting"] ?? 0,
            "stamped_headers": member("stamped_headers"),
            "stamps": .object(Dictionary(stamps, uniquingKeysWith: { $1 })),
        ]
        let headers = options.headers.merging(own) { $1 }
        let embed: JSONValue = [
            "callbacks": list(members["link"]), "errbacks": list(members["link_error"]),
            "chain": list(members["chain"]), "chord": member("chord"),
        ]
        return KombuMessage(
            body: [.list(signature.arguments), .object(signature.keywords), embed], headers: headers,
            properties: [
                "correlation_id": .text(id), "reply_to": members["reply_to"] ?? "", "delivery_mode": 2,
                "priority": members["priority"] ?? 0,
            ])
    }

    /// A single signature becomes a list of one.
    private static func list(_ value: JSONValue?) -> JSONValue {
        guard let value, value != .null else { return .null }
        return value.asList == nil ? [value] : value
    }
}
