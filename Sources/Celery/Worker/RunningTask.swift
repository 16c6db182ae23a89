import Basics
import Foundation
import Synchronization

/// How a task ended.
enum TaskOutcome: Sendable {
    case value(JSONValue)
    case failure(TaskFailure)
    case exit(TaskExit)
    case revoked(signal: String)
    case timeLimit(Double)
    /// The worker stops before the task's end.
    case handedBack
}

/// A handler that runs. Its first outcome counts: a time limit or a revocation does not wait for the handler's end, whose
/// place is taken until then.
final class RunningTask: Sendable {
    let context: TaskContext
    let startedAt = Date.now
    private let state = Mutex(State())

    private struct State {
        var handler: Task<Void, Never>?
        var limits: [Task<Void, Never>] = []
        var waiter: CheckedContinuation<TaskOutcome, Never>?
        var outcome: TaskOutcome?
    }

    init(_ context: TaskContext) { self.context = context }

    /// Runs the handler until its end or another outcome.
    func run(_ task: CeleryTask, soft: Double?, hard: Double?) async -> TaskOutcome {
        let handler = Task { settle(await Self.outcome(of: task, context)) }
        state.withLock { state in
            state.handler = handler
            if let soft { state.limits.append(after(soft) { $0.context.signal.set(.softTimeLimit) }) }
            if let hard {
                state.limits.append(after(hard) { $0.interrupt(.timeLimit, .timeLimit(hard)) })
            }
        }
        return await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                if state.outcome == nil { state.waiter = continuation }
                return state.outcome
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    private func after(_ seconds: Double, _ act: @escaping @Sendable (RunningTask) -> Void) -> Task<Void, Never> {
        Task {
            guard (try? await Task.sleep(for: .seconds(seconds))) != nil else { return }
            act(self)
        }
    }

    private static func outcome(of task: CeleryTask, _ context: TaskContext) async -> TaskOutcome {
        do {
            return .value(try await task.run(context))
        } catch let exit as TaskExit {
            return .exit(exit)
        } catch {
            return .failure(TaskFailure(error))
        }
    }

    /// Cancels the handler, whose outcome counts no more.
    func interrupt(_ interruption: Interruption, _ outcome: TaskOutcome) {
        context.signal.set(interruption)
        settle(outcome)
        state.withLock { $0.handler }?.cancel()
    }

    private func settle(_ outcome: TaskOutcome) {
        let (waiter, limits) = state.withLock { state in
            guard state.outcome == nil else {
                return (nil, []) as (CheckedContinuation<TaskOutcome, Never>?, [Task<Void, Never>])
            }
            state.outcome = outcome
            defer {
                state.waiter = nil
                state.limits = []
            }
            return (state.waiter, state.limits)
        }
        for limit in limits { limit.cancel() }
        waiter?.resume(returning: outcome)
    }

    /// Returns when the handler has ended.
    func ended() async { await state.withLock { $0.handler }?.value }
}
