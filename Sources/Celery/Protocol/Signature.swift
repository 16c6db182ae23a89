import Basics

/// A task with arguments and options that is still to be sent: a link of a canvas
/// (https://docs.celeryq.dev/en/stable/userguide/canvas.html; serialised as `celery.canvas.Signature`).
package struct Signature: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case group, chain, chord
    }

    package var task: String
    package var arguments: [JSONValue]
    package var keywords: [String: JSONValue]
    package var options: SignatureOptions
    package var kind: Kind?
    /// It does not take the result of the task before it.
    package var isImmutable: Bool

    package init(
        task: String, arguments: [JSONValue] = [], keywords: [String: JSONValue] = [:],
        options: SignatureOptions = SignatureOptions(), kind: Kind? = nil, isImmutable: Bool = false
    ) {
        self.task = task
        self.arguments = arguments
        self.keywords = keywords
        self.options = options
        self.kind = kind
        self.isImmutable = isImmutable
    }

    /// `nil` if it is no signature.
    package init?(_ json: JSONValue) {
        guard let task = json["task"]?.asText else { return nil }
        self.task = task
        arguments = json["args"]?.asList ?? []
        keywords = json["kwargs"]?.asObject ?? [:]
        options = SignatureOptions(json["options"]?.asObject ?? [:])
        kind = json["subtask_type"]?.asText.flatMap { Kind(rawValue: $0) }
        isImmutable = json["immutable"]?.asBool ?? false
    }

    package var json: JSONValue {
        [
            "task": .text(task), "args": .list(arguments), "kwargs": .object(keywords),
            "options": .object(options.members), "subtask_type": kind.map { .text($0.rawValue) } ?? .null,
            "immutable": .bool(isImmutable),
        ]
    }

    /// With arguments placed before its own, unless it is immutable, and options over its own.
    func merged(arguments: [JSONValue], keywords: [String: JSONValue] = [:], options: SignatureOptions) -> Signature {
        var result = self
        result.options.merge(options)
        guard !isImmutable else { return result }
        result.arguments = arguments + self.arguments
        result.keywords.merge(keywords) { $1 }
        return result
    }

    // MARK: Parts of groups, chains and chords

    /// The tasks of a group or chain.
    var tasks: [Signature] {
        get { (keywords["tasks"]?.asList ?? []).compactMap { Signature($0) } }
        set { keywords["tasks"] = .list(newValue.map(\.json)) }
    }

    /// The tasks of a chord's header.
    var header: [Signature] {
        guard let header = keywords["header"] else { return [] }
        if let list = header.asList { return list.compactMap { Signature($0) } }
        return Signature(header)?.tasks ?? []
    }

    /// The id of a chord's header.
    var headerID: String? { keywords["header"].flatMap { Signature($0) }?.options.taskID ?? options.taskID }

    var body: Signature? { keywords["body"].flatMap { Signature($0) } }

    static func group(_ tasks: [Signature]) -> Signature {
        Signature(task: "celery.group", keywords: ["tasks": .list(tasks.map(\.json))], kind: .group)
    }

    static func chord(header: Signature, body: Signature) -> Signature {
        Signature(
            task: "celery.chord", keywords: ["kwargs": [:], "header": header.json, "body": body.json], kind: .chord)
    }
}
