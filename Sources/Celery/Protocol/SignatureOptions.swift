import Basics
import Foundation

/// Execution options of a signature, as `Task.apply_async` takes them. Options unknown here are kept.
package struct SignatureOptions: Sendable, Equatable {
    var members: [String: JSONValue]

    init(_ members: [String: JSONValue]) { self.members = members }

    package init() { members = [:] }

    private func text(_ name: String) -> String? { members[name]?.asText }

    private mutating func set(_ name: String, _ value: JSONValue?) { members[name] = value }

    /// Options that a signature has already and that others must not replace (`Signature._IMMUTABLE_OPTIONS`).
    private static let kept: Set<String> = ["group_id", "stamped_headers"]

    mutating func merge(_ others: SignatureOptions) {
        for (name, value) in others.members where !(Self.kept.contains(name) && members[name] != nil) {
            members[name] = value
        }
    }

    package var taskID: String? {
        get { text("task_id") }
        set { set("task_id", newValue.map { .text($0) }) }
    }

    package var rootID: String? {
        get { text("root_id") }
        set { set("root_id", newValue.map { .text($0) }) }
    }

    package var parentID: String? {
        get { text("parent_id") }
        set { set("parent_id", newValue.map { .text($0) }) }
    }

    package var groupID: String? {
        get { text("group_id") }
        set { set("group_id", newValue.map { .text($0) }) }
    }

    package var groupIndex: Int? {
        get { members["group_index"]?.asInteger }
        set { set("group_index", newValue.map { .integer($0) }) }
    }

    package var queue: String? {
        get { text("queue") ?? members["queue"]?["name"]?.asText }
        set { set("queue", newValue.map { .text($0) }) }
    }

    /// Headers of its message besides Celery's own.
    package var headers: [String: JSONValue] {
        get { members["headers"]?.asObject ?? [:] }
        set { set("headers", newValue.isEmpty ? nil : .object(newValue)) }
    }

    package var exchange: String? { text("exchange") }
    package var routingKey: String? { text("routing_key") }

    /// From 0, which is taken first, to 9.
    package var priority: Int? {
        get { members["priority"]?.asInteger }
        set { set("priority", newValue.map { .integer($0) }) }
    }

    /// Seconds from now.
    package var countdown: Double? {
        get { members["countdown"]?.asNumber }
        set { set("countdown", newValue.map { .number($0) }) }
    }

    package var eta: Date? {
        get { text("eta").flatMap(ISOTime.date) }
        set { set("eta", newValue.map { .text(ISOTime.text($0)) }) }
    }

    /// When the task must not be started any more.
    package var expires: Date? {
        get { text("expires").flatMap(ISOTime.date) }
        set { set("expires", newValue.map { .text(ISOTime.text($0)) }) }
    }

    /// Seconds from now.
    var expiresIn: Double? { members["expires"]?.asNumber }

    /// Seconds.
    package var timeLimit: Double? {
        get { members["time_limit"]?.asNumber }
        set { set("time_limit", newValue.map { .number($0) }) }
    }

    /// Seconds.
    package var softTimeLimit: Double? {
        get { members["soft_time_limit"]?.asNumber }
        set { set("soft_time_limit", newValue.map { .number($0) }) }
    }

    package var link: [Signature] {
        get { Self.signatures(members["link"]) }
        set { set("link", .list(newValue.map(\.json))) }
    }

    package var linkError: [Signature] {
        get { Self.signatures(members["link_error"]) }
        set { set("link_error", .list(newValue.map(\.json))) }
    }

    /// What follows, the next one last.
    var chain: [Signature] {
        get { Self.signatures(members["chain"]) }
        set { set("chain", newValue.isEmpty ? nil : .list(newValue.map(\.json))) }
    }

    /// The body of the chord that the task belongs to.
    var chord: Signature? {
        get { members["chord"].flatMap { Signature($0) } }
        set { set("chord", newValue?.json) }
    }

    static func signatures(_ json: JSONValue?) -> [Signature] {
        (json?.asList ?? json.map { [$0] } ?? []).compactMap { Signature($0) }
    }

    /// Without the named ones.
    func without(_ names: String...) -> SignatureOptions {
        SignatureOptions(members.filter { !names.contains($0.key) })
    }
}
