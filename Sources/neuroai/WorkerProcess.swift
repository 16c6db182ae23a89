import Basics
import Foundation
import Kernel
import Logging
import ServiceLifecycle

/// Keeps a worker running as a child process, so that a crash in native imaging code never terminates the server.
struct WorkerProcess: Service {
    /// A child that ran for at least this long resets the backoff.
    private static let soundLife: Duration = .seconds(10)
    private static let backoff = Backoff(first: .milliseconds(200), longest: .seconds(30))

    private let logger: Logger
    private let notes: WorkerNotes
    private let slots: WorkerSlots?
    private let options: [String]

    /// - Parameters:
    ///   - slots: `nil` uses the settings.
    ///   - options: further options of `neuroai worker`.
    init(_ slots: WorkerSlots? = nil, options: [String] = [], notes: WorkerNotes, logger: Logger) {
        self.slots = slots
        self.options = options
        self.notes = notes
        self.logger = logger
    }

    /// Starts the worker, restarts it whenever it exits, and stops it when the server stops.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            var predecessor: WorkerID?
            var shortLives = 0
            while !Task.isCancelled {
                let id = WorkerID()
                let started = ContinuousClock.now
                let ending = await child(id, after: predecessor).run()
                predecessor = id
                if Task.isCancelled { return }
                if notes.loss(of: id) == .unknown, ending.loss != .unknown { notes.write(ending.loss, of: id) }
                shortLives = ContinuousClock.now - started < Self.soundLife ? shortLives + 1 : 1
                let wait = Self.backoff.delay(after: shortLives)
                logger.error(
                    "the worker ended and is started again",
                    metadata: [
                        "ending": "\(ending.text)", "loss": "\(notes.loss(of: id).rawValue)", "wait": "\(wait)",
                    ])
                try? await Task.sleep(for: wait)
            }
        }
    }

    private func child(_ id: WorkerID, after predecessor: WorkerID?) -> WorkerChild {
        WorkerChild(
            arguments: ["worker", "--supervised", "--id", id.string]
                + (predecessor.map { ["--predecessor", $0.string] } ?? [])
                + (slots.map { ["--classes", JobClass.text($0.classes), "--slots", "\($0.count)"] } ?? []) + options)
    }
}
