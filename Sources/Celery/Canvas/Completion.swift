import Basics

/// What follows the end of a task: its result, callbacks, the next step of its chain, the chord that it is a part of
/// (`celery.app.trace`, `celery.backends.base.Backend.mark_as_…`).
struct Completion: Sendable {
    let canvas: Canvas
    let backend: ResultBackend?
    let worker: String

    private func origin(_ request: TaskRequest, children: [JSONValue] = []) -> ResultBackend.Origin {
        .init(
            group: request.group, parent: request.parentID, children: children, request: request, worker: worker)
    }

    private func following(_ request: TaskRequest) -> SignatureOptions {
        var options = SignatureOptions()
        options.parentID = request.id
        options.rootID = request.rootID ?? request.id
        return options
    }

    // MARK: States

    func started(_ request: TaskRequest, processID: Int) async throws {
        try await backend?.store(
            request.id, .started, ["pid": .integer(processID), "hostname": .text(worker)], origin(request))
    }

    /// Links and the next step are sent before the result is stored, so that it names them as children.
    func succeeded(_ request: TaskRequest, _ value: JSONValue, ignoresResult: Bool) async throws {
        let options = following(request)
        var children: [JSONValue] = []
        let callbacks = request.callbacks.filter { $0.kind != .group }
        for group in request.callbacks where group.kind == .group {
            children.append(try await canvas.send(group, arguments: [value], options: options).json)
        }
        if callbacks.count > 1 {
            children.append(try await canvas.send(.group(callbacks), arguments: [value], options: options).json)
        } else if let callback = callbacks.first {
            children.append(try await canvas.send(callback, arguments: [value], options: options).json)
        }
        if let next = request.chain.last {
            var options = options
            options.chain = request.chain.dropLast()
            children.append(try await canvas.send(next, arguments: [value], options: options).json)
        }
        if !ignoresResult {
            try await backend?.store(request.id, .success, value, origin(request, children: children))
        }
        try await count(request, .success, value)
    }

    func failed(_ request: TaskRequest, _ failure: TaskFailure, ignoresResult: Bool) async throws {
        if !ignoresResult {
            try await backend?.store(
                request.id, .failure, failure.json, traceback: failure.traceback, origin(request))
        }
        try await count(request, .failure, failure.json)
        try await fail(request.chain, failure, ignoresResult: ignoresResult)
        try await call(request.errbacks, task: request.id, root: request.rootID)
    }

    func revoked(_ request: TaskRequest, reason: String, ignoresResult: Bool) async throws {
        let failure = TaskFailure.revoked(reason)
        if !ignoresResult { try await backend?.store(request.id, .revoked, failure.json, origin(request)) }
        try await count(request, .revoked, failure.json)
    }

    /// Stores the revocation of a task that this worker does not hold, so that clients waiting for it are told at once; not
    /// if another worker has started or finished it.
    func revokedUnseen(_ id: String) async throws {
        guard let backend else { return }
        let state = try await backend.result(of: id)?.state ?? .pending
        guard [.pending, .received, .retry, .rejected].contains(state) else { return }
        try await backend.store(id, .revoked, TaskFailure.revoked("revoked").json, .init())
    }

    /// The same message again, to be run at `eta`.
    func retried(_ request: TaskRequest, _ retry: RetryRequest, ignoresResult: Bool) async throws {
        // Stored before: it must not replace the outcome of the next run. Celery does it in the other order.
        if !ignoresResult {
            try await backend?.store(
                request.id, .retry, retry.reason?.json ?? .null, traceback: retry.reason?.traceback, origin(request))
        }
        try await canvas.send(request.signatureForRetry(eta: retry.eta))
    }

    // MARK: Consequences

    /// The steps that will not run fail as well, so that clients waiting for the last one are told.
    private func fail(_ chain: [Signature], _ failure: TaskFailure, ignoresResult: Bool) async throws {
        var steps = chain
        while !steps.isEmpty {
            let step = steps.removeFirst()
            if let id = step.options.taskID {
                let isAlreadyFailed =
                    step.options.chord == nil ? false : try await backend?.result(of: id)?.state.isException ?? false
                if !ignoresResult {
                    try await backend?.store(
                        id, .failure, failure.json, traceback: failure.traceback, .init(group: step.options.groupID))
                }
                if let chord = step.options.chord, let group = step.options.groupID, !isAlreadyFailed {
                    try await count(
                        .init(
                            task: id, group: group, index: step.options.groupIndex, state: .failure,
                            value: failure.json), chord, root: nil)
                }
            }
            if step.kind == .chord, let body = step.body { steps.append(body) }
        }
    }

    private func call(_ errbacks: [Signature], task: String, root: String?) async throws {
        guard !errbacks.isEmpty else { return }
        var options = SignatureOptions()
        options.parentID = task
        options.rootID = root ?? task
        try await canvas.send(.group(errbacks), arguments: [.text(task)], options: options)
    }

    private func count(_ request: TaskRequest, _ state: TaskState, _ value: JSONValue) async throws {
        guard let chord = request.chord, let group = request.group else { return }
        let part = ResultBackend.ChordPart(
            task: request.id, group: group, index: request.groupIndex, state: state, value: value)
        try await count(part, chord, root: request.rootID)
    }

    private func count(_ part: ResultBackend.ChordPart, _ body: Signature, root: String?) async throws {
        guard let backend else { return }
        switch try await backend.count(part) {
        case .none: break
        case .callback(let results, let token):
            var options = SignatureOptions()
            options.parentID = part.task
            options.rootID = body.options.rootID ?? root
            try await canvas.send(body, arguments: [.list(results)], options: options)
            try await backend.finishChord(part.group, token: token)
        case .failed(let failure):
            let id = body.options.taskID ?? UniqueID.make()
            try await call(body.options.linkError, task: id, root: body.options.rootID)
            try await failBody(body, id: id, failure)
        }
    }

    /// The tasks of a body that is a group fail one by one.
    private func failBody(_ body: Signature, id: String, _ failure: TaskFailure) async throws {
        if body.kind == .group {
            for task in body.tasks {
                guard let id = task.options.taskID else { continue }
                try await call(task.options.linkError, task: id, root: body.options.rootID)
                try await failBody(task, id: id, failure)
            }
        } else {
            try await backend?.store(id, .failure, failure.json, .init(group: body.options.groupID))
        }
        // A body that is part of another chord fails that one, too.
        if let outer = body.options.chord, let group = body.options.groupID {
            try await count(
                .init(
                    task: id, group: group, index: body.options.groupIndex, state: .failure, value: failure.json),
                outer, root: body.options.rootID)
        }
        try await fail(body.options.chain, failure, ignoresResult: false)
    }
}
