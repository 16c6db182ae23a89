import Basics
import Foundation
import Redis

/// Sends signatures: tasks, groups, chains and chords (`celery.canvas`).
struct Canvas: Sendable {
    let broker: Broker
    let backend: ResultBackend?
    /// The node name that messages name as their origin.
    let origin: String
    let defaultQueue: String

    /// What was sent, as `AsyncResult.as_tuple()` writes it.
    enum Sent: Sendable, Equatable {
        case task(String)
        case group(String, [Sent])

        var json: JSONValue {
            switch self {
            case .task(let id): [[.text(id), .null], .null]
            case .group(let id, let results): [[.text(id), .null], .list(results.map(\.json))]
            }
        }
    }

    /// - Parameters:
    ///   - arguments: placed before those of a signature that is not immutable.
    ///   - options: over those of the signature.
    /// - Throws: `RedisError`.
    @discardableResult
    func send(
        _ signature: Signature, arguments: [JSONValue] = [], keywords: [String: JSONValue] = [:],
        options: SignatureOptions = SignatureOptions()
    ) async throws -> Sent {
        switch signature.kind {
        case .group: return try await sendGroup(signature, arguments, options)
        case .chain: return try await sendChain(signature, arguments, options)
        case .chord: return try await sendChord(signature, arguments, options)
        case nil:
            let merged = signature.merged(arguments: arguments, keywords: keywords, options: options)
            return try await sendTask(merged)
        }
    }

    private func sendTask(_ signature: Signature) async throws -> Sent {
        let id = signature.options.taskID ?? UniqueID.make()
        let message = TaskMessage.message(signature, id: id, origin: origin)
        try await broker.send(message, queue: queue(signature.options))
        return .task(id)
    }

    /// Messages to a direct exchange go to the queue that its routing key names, as with Celery's automatic queues.
    private func queue(_ options: SignatureOptions) -> String {
        if let queue = options.queue { return queue }
        guard let key = options.routingKey, !key.isEmpty else { return defaultQueue }
        return key
    }

    // MARK: Groups

    /// Nested groups become part of the outer one.
    private static func flattened(_ tasks: [Signature]) -> [Signature] {
        tasks.flatMap { $0.kind == .group ? flattened($0.tasks) : $0.kind == .chain && $0.tasks.isEmpty ? [] : [$0] }
    }

    private func sendGroup(_ group: Signature, _ arguments: [JSONValue], _ options: SignatureOptions) async throws
        -> Sent
    {
        var options = options
        let chord = options.chord ?? group.options.chord
        let id = options.taskID ?? group.options.taskID ?? UniqueID.make()
        options = SignatureOptions(group.options.members.merging(options.members) { $1 })
            .without("task_id", "chord", "group_index", "chain")
        options.groupID = id
        let tasks = Self.flattened(group.tasks)
        // Before the first part can finish.
        if chord != nil, !tasks.isEmpty {
            try await backend?.setChordSize(id, tasks.reduce(0) { $0 + Self.parts(of: $1) })
        }
        var sent: [Sent] = []
        for (index, task) in tasks.enumerated() {
            var own = options
            own.groupIndex = index
            own.chord = chord ?? task.options.chord
            sent.append(try await send(task, arguments: arguments, options: own))
        }
        return .group(id, sent)
    }

    /// How many results a signature adds to the chord that it belongs to (`_chord._descend`).
    private static func parts(of signature: Signature) -> Int {
        switch signature.kind {
        case .group: signature.tasks.reduce(0) { $0 + parts(of: $1) }
        case .chain: signature.tasks.reversed().lazy.map { parts(of: $0) }.first { $0 > 0 } ?? 0
        case .chord: signature.body.map { parts(of: $0) } ?? 0
        case nil: 1
        }
    }

    // MARK: Chains

    /// The steps in order, nested chains spliced in and each group before a step made the header of a chord with it.
    private static func steps(_ tasks: [Signature]) -> [Signature] {
        var flat: [Signature] = []
        for task in tasks {
            if task.kind == .chain { flat += steps(task.tasks) } else { flat.append(task) }
        }
        var steps: [Signature] = []
        for task in flat.filter({ $0.kind != .group || !$0.tasks.isEmpty }).reversed() {
            if task.kind == .group, let next = steps.popLast() {
                steps.append(.chord(header: task, body: next))
            } else {
                steps.append(task)
            }
        }
        return steps.reversed()
    }

    /// The first step is sent with the others in its message; a group or chord that the chain belongs to waits for the last.
    private func sendChain(_ chain: Signature, _ arguments: [JSONValue], _ options: SignatureOptions) async throws
        -> Sent
    {
        let merged = chain.merged(arguments: arguments, options: options)
        var steps = Self.steps(chain.tasks)
        guard var last = steps.popLast() else { return .group(UniqueID.make(), []) }
        let own = merged.options
        let toLast = SignatureOptions(
            own.members.filter { ["task_id", "group_id", "group_index", "chord", "chain"].contains($0.key) })
        last.options.merge(toLast)
        if !own.link.isEmpty { last.options.link += own.link }
        if last.options.taskID == nil { last.options.taskID = UniqueID.make() }
        let result = Sent.task(last.options.taskID ?? "")
        steps.append(last)
        var first = steps.removeFirst()
        for index in steps.indices {
            if steps[index].options.taskID == nil { steps[index].options.taskID = UniqueID.make() }
            if !own.linkError.isEmpty { steps[index].options.linkError += own.linkError }
        }
        if !own.linkError.isEmpty { first.options.linkError += own.linkError }
        var passed = own.without("task_id", "group_id", "group_index", "chord", "chain", "link", "link_error")
        passed.chain = steps.reversed()
        try await send(
            first, arguments: chain.isImmutable ? chain.arguments : arguments + chain.arguments, options: passed)
        return result
    }

    // MARK: Chords

    private func sendChord(_ chord: Signature, _ arguments: [JSONValue], _ options: SignatureOptions) async throws
        -> Sent
    {
        guard var body = chord.body else { return .group(UniqueID.make(), []) }
        let group = chord.headerID ?? UniqueID.make()
        let own = SignatureOptions(chord.options.members.merging(options.members) { $1 })
        // What is asked of a chord concerns its body, which is done last.
        let toBody = own.without("task_id", "link", "link_error", "countdown", "eta", "parent_id", "root_id")
        body.options.members.merge(toBody.members) { $1 }
        if !own.link.isEmpty { body.options.link += own.link }
        if !own.linkError.isEmpty { body.options.linkError += own.linkError }
        if body.options.taskID == nil { body.options.taskID = UniqueID.make() }
        if body.options.rootID == nil { body.options.rootID = own.rootID }
        if body.options.groupID == nil { body.options.groupID = group }
        let result = Sent.task(body.options.taskID ?? "")
        guard !chord.header.isEmpty else {
            try await send(body, arguments: [[]])
            return result
        }
        var toHeader = SignatureOptions(
            own.members.filter { ["countdown", "eta", "parent_id", "root_id", "priority", "queue"].contains($0.key) })
        toHeader.taskID = group
        toHeader.chord = body
        let passed = chord.isImmutable ? chord.arguments : arguments + chord.arguments
        try await send(.group(chord.header), arguments: passed, options: toHeader)
        return result
    }
}
