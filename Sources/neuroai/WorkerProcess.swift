import Foundation
import Kernel
import Logging
import Synchronization

/// Keeps one worker alive as a child process: a fault in native imaging code ends that process and never the server.
///
/// The child's standard input is a pipe whose other end is held here. It closes with this process, however that ends,
/// so that no worker outlives its server. (A parent-death signal would be tied to the thread that started the child.)
/// Its standard output is a pipe on which it says that it lives; a child that is silent for longer than its lease is
/// killed and replaced.
struct WorkerProcess: Sendable {
    /// A child that lived this long was sound: its death is answered at once.
    private static let soundLife: Duration = .seconds(10)
    private static let backoff = Backoff(first: .milliseconds(200), longest: .seconds(30))

    private let logger: Logger
    private let notes: WorkerNotes
    private let slots: WorkerSlots?

    /// - Parameter slots: nil leaves them to the settings.
    init(_ slots: WorkerSlots? = nil, notes: WorkerNotes, logger: Logger) {
        self.slots = slots
        self.notes = notes
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
            if notes.loss(of: id) == .unknown, ending.loss != .unknown { notes.write(ending.loss, of: id) }
            shortLives = ContinuousClock.now - started < Self.soundLife ? shortLives + 1 : 1
            let wait = Self.backoff.delay(after: shortLives)
            logger.error(
                "the worker ended and is started again",
                metadata: ["ending": "\(ending.text)", "loss": "\(notes.loss(of: id).rawValue)", "wait": "\(wait)"])
            try? await Task.sleep(for: wait)
        }
    }

    /// One worker from its start to its end; says how it ended.
    private func live(_ id: WorkerID, after predecessor: WorkerID?) async -> WorkerChild.Ending {
        let child = WorkerChild(
            arguments: ["worker", "--supervised", "--id", id.string]
                + (predecessor.map { ["--predecessor", $0.string] } ?? [])
                + (slots.map { ["--classes", JobClass.text($0.classes), "--slots", "\($0.count)"] } ?? []))
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

    struct Ending: Sendable {
        let text: String
        var loss = JobLoss.unknown
    }

    /// Seconds: a lease and a little, since by then its job is anybody's.
    private static let longestSilence = Int(JobPolicy().lease.components.seconds) + 5
    /// A worker that is asked to end takes ten seconds at most.
    private static let longestStop = 12

    private let phase = Mutex(Phase.waiting)
    private let arguments: [String]
    private let input = Pipe()
    private let output = Pipe()
    private let wasSilent = Atomic(false)

    init(arguments: [String]) {
        self.arguments = arguments
    }

    /// Returns when the process has ended.
    func run() async -> Ending {
        let process = Process()
        process.executableURL = Bundle.main.executableURL
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        let kills = Self.outOfMemoryKills()
        return await withCheckedContinuation { continuation in
            process.terminationHandler = { ended in
                let isSignal = ended.terminationReason == .uncaughtSignal
                continuation.resume(
                    returning: Ending(
                        text: "\(isSignal ? "signal" : "status") \(ended.terminationStatus)",
                        loss: self.loss(ended, killsBefore: kills)))
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
                continuation.resume(returning: Ending(text: failure))
            } else {
                listen(to: process)
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

    private var isStopped: Bool {
        phase.withLock { if case .stopped = $0 { true } else { false } }
    }

    /// Kills a child that says nothing, or that does not end when it should. Seconds are counted and no clock is asked: a machine that
    /// was suspended has not been silent.
    private func listen(to process: Process) {
        let descriptor = output.fileHandleForReading.fileDescriptor
        let thread = Thread { [self] in
            var silence = 0
            var stopping = 0
            var bytes = [UInt8](repeating: 0, count: 4096)
            while true {
                var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                let ready = poll(&state, 1, 1000)
                if ready > 0 {
                    guard read(descriptor, &bytes, bytes.count) > 0 else { return }
                    silence = 0
                    if isStopped { stopping += 1 }
                } else if ready == 0 {
                    silence += 1
                    if isStopped { stopping += 1 }
                }
                guard silence >= Self.longestSilence || stopping >= Self.longestStop else { continue }
                wasSilent.store(true, ordering: .relaxed)
                if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            }
        }
        thread.name = "worker-heartbeat"
        thread.start()
    }

    private func loss(_ ended: Process, killsBefore kills: Int) -> JobLoss {
        if wasSilent.load(ordering: .relaxed) { return .silence }
        guard ended.terminationReason == .uncaughtSignal else { return .unknown }
        switch ended.terminationStatus {
        case SIGKILL: return Self.outOfMemoryKills() > kills ? .crash : .unknown
        case SIGTERM, SIGINT, SIGHUP: return .unknown
        default: return .crash
        }
    }

    /// How many processes the kernel has ended for want of memory.
    private static func outOfMemoryKills() -> Int {
        let text = (try? String(contentsOfFile: "/proc/vmstat", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        return line.flatMap { Int($0.dropFirst("oom_kill ".count)) } ?? 0
    }
}
