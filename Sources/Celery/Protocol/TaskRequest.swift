import Basics
import Foundation

/// A received task message.
package struct TaskRequest: Sendable {
    package let id: String
    package let task: String
    package let arguments: [JSONValue]
    package let keywords: [String: JSONValue]
    /// How often it was retried before.
    package let retries: Int
    package let eta: Date?
    package let expires: Date?
    package let rootID: String?
    package let parentID: String?
    package let group: String?
    package let groupIndex: Int?
    /// Seconds.
    package let timeLimit: Double?
    /// Seconds.
    package let softTimeLimit: Double?
    package let ignoresResult: Bool
    package let origin: String?
    package let delivery: DeliveryInfo
    /// The message had been delivered before: the task may have run, in part or as a whole.
    package var isRedelivered: Bool { delivery.isRedelivered }

    let callbacks: [Signature]
    let errbacks: [Signature]
    let chain: [Signature]
    let chord: Signature?
    /// Also those that its sender added.
    package let headers: [String: JSONValue]
    let replyTo: JSONValue

    /// How the message came.
    package struct DeliveryInfo: Sendable, Equatable {
        package let queue: String
        package let exchange: String
        package let routingKey: String
        package let priority: Int
        package let isRedelivered: Bool
    }

    struct Invalid: Error, CustomStringConvertible {
        let description: String
    }

    /// - Throws: `Invalid`, `KombuMessage.Malformed` or `JSONValue.SyntaxError`.
    init(_ message: KombuMessage, queue: String) throws {
        guard let task = message.headers["task"]?.asText, let id = message.headers["id"]?.asText else {
            throw Invalid(description: "no task message of protocol 2: the headers task and id are missing")
        }
        let headers = message.headers
        let body = try message.decodedBody().asList ?? []
        guard body.count == 3, let arguments = body[0].asList, let keywords = body[1].asObject else {
            throw Invalid(description: "the body is not [args, kwargs, embed]")
        }
        func time(_ name: String) throws -> Date? {
            guard let text = headers[name]?.asText else { return nil }
            guard let date = ISOTime.date(text) else { throw Invalid(description: "invalid \(name)") }
            return date
        }
        self.id = id
        self.task = task
        self.arguments = arguments
        self.keywords = keywords
        self.headers = headers
        retries = headers["retries"]?.asInteger ?? 0
        eta = try time("eta")
        expires = try time("expires")
        rootID = headers["root_id"]?.asText
        parentID = headers["parent_id"]?.asText
        group = headers["group"]?.asText
        groupIndex = headers["group_index"]?.asInteger
        let limits = headers["timelimit"]?.asList ?? []
        timeLimit = limits.first?.asNumber
        softTimeLimit = limits.dropFirst().first?.asNumber
        ignoresResult = headers["ignore_result"]?.asBool ?? false
        origin = headers["origin"]?.asText
        callbacks = SignatureOptions.signatures(body[2]["callbacks"])
        errbacks = SignatureOptions.signatures(body[2]["errbacks"])
        chain = SignatureOptions.signatures(body[2]["chain"])
        chord = body[2]["chord"].flatMap { Signature($0) }
        replyTo = message.properties["reply_to"] ?? ""
        let info = message.properties["delivery_info"]
        delivery = DeliveryInfo(
            queue: queue, exchange: info?["exchange"]?.asText ?? "", routingKey: info?["routing_key"]?.asText ?? queue,
            priority: message.properties["priority"]?.asInteger ?? 0,
            isRedelivered: info?["redelivered"]?.asBool ?? headers["redelivered"]?.asBool ?? false)
    }

    /// The same task again, with the options that its message had (`Task.signature_from_request`).
    func signatureForRetry(eta: Date) -> Signature {
        var options = SignatureOptions()
        options.taskID = id
        options.rootID = rootID
        options.parentID = parentID
        options.groupID = group
        options.groupIndex = groupIndex
        options.eta = eta
        options.expires = expires
        options.timeLimit = timeLimit
        options.softTimeLimit = softTimeLimit
        options.priority = delivery.priority
        options.queue = delivery.queue
        options.chain = chain
        options.chord = chord
        if !callbacks.isEmpty { options.link = callbacks }
        if !errbacks.isEmpty { options.linkError = errbacks }
        options.members["retries"] = .integer(retries + 1)
        options.members["ignore_result"] = .bool(ignoresResult)
        options.members["reply_to"] = replyTo
        // Celery keeps all headers; of those that are no option only the trace has a meaning for others.
        if let trace = headers["traceparent"] { options.headers = ["traceparent": trace] }
        for name in ["shadow", "origin", "replaced_task_nesting", "stamped_headers"] {
            options.members[name] = headers[name]
        }
        for stamp in headers["stamped_headers"]?.asList?.compactMap(\.asText) ?? [] {
            options.members[stamp] = headers["stamps"]?[stamp]
        }
        return Signature(task: task, arguments: arguments, keywords: keywords, options: options)
    }
}
