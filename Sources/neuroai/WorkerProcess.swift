import Features
import Foundation
import Logging
import Synchronization

/// Keeps one worker alive as a child process: a fault in native imaging code ends that process and never the server.
///
/// The child's standard input is a pipe whose other end is held here. It closes with this process, however that ends,
/// so that no worker outlives its server. (A parent-death signal would be tied to the thread that started the child.)
struct WorkerProcess: Sendable {
    /// A child that lived this long was sound: its death is answered at once.
    private static let soundLife: Duration = .seconds(10)
    private static let backoff = Backoff(first: .milliseconds(200), longest: .seconds(30))

    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// Starts the worker, starts it again whenever it ends, and stops it when this task is cancelled.
    func run() async {
        var predecessor: WorkerID?
        var shortLives = 0
        while !Task.isCancelled {
            let id = WorkerID()
            let started = ContinuousClock.now
            let ending = await live(id, after: predecessor)
            predecessor = id
            if Task.isCancelled { return }
            shortLives = ContinuousClock.now - started < Self.soundLife ? shortLives + 1 : 1
            let wait = Self.backoff.delay(after: shortLives)
            logger.error("the worker ended and is started again", metadata: ["ending": "\(ending)", "wait": "\(wait)"])
            try? await Task.sleep(for: wait)
        }
    }

    /// One worker from its start to its end; says how it ended.
    private func live(_ id: WorkerID, after predecessor: WorkerID?) async -> String {
        let child = WorkerChild(
            arguments: ["worker", "--supervised", "--id", id.string]
                + (predecessor.map { ["--predecessor", $0.string] } ?? []))
        return await withTaskCancellationHandler {
            await child.run()
        } onCancel: {
            child.stop()
        }
    }
}

/// One child process.
private final class WorkerChild: Sendable {
    private enum Phase {
        case waiting, running(Process), stopped
    }

    private let phase = Mutex(Phase.waiting)
    private let arguments: [String]
    private let input = Pipe()

    init(arguments: [String]) {
        self.arguments = arguments
    }

    /// Returns when the process has ended.
    func run() async -> String {
        let process = Process()
        process.executableURL = Bundle.main.executableURL
        process.arguments = arguments
        process.standardInput = input
        return await withCheckedContinuation { continuation in
            process.terminationHandler = { ended in
                let kind = ended.terminationReason == .uncaughtSignal ? "signal" : "status"
                continuation.resume(returning: "\(kind) \(ended.terminationStatus)")
            }
            let failure = phase.withLock { phase -> String? in
                if case .stopped = phase { return "not started" }
                do {
                    try process.run()
                } catch {
                    return "the program could not be started"
                }
                phase = .running(process)
                return nil
            }
            if let failure {
                process.terminationHandler = nil
                continuation.resume(returning: failure)
            }
        }
    }

    /// Asks it to end; it ends itself by force when that takes too long (`StopSignal`).
    func stop() {
        phase.withLock { phase in
            if case .running(let process) = phase { process.terminate() }
            phase = .stopped
        }
        try? input.fileHandleForWriting.close()
    }
}
