import Foundation
import Kernel
import Subprocess
import Synchronization

/// One child process that says on standard output that it lives.
///
/// Its standard input is a pipe whose other end is held here. It closes with this process, however that ends, so that no worker
/// outlives its server. (A parent-death signal would be tied to the thread that started the child.)
struct WorkerChild: Sendable {
    struct Ending: Equatable, Sendable {
        let text: String
        var loss = JobLoss.unknown
    }

    var program = Bundle.main.executablePath ?? ""
    let arguments: [String]
    /// Seconds without a word until it is killed: a lease and a little, since by then its job is anybody's.
    var longestSilence = Int(JobPolicy().lease.components.seconds) + 5
    /// A worker that is asked to end takes ten seconds at most.
    var longestStop: Duration = .seconds(12)

    /// Returns when the process has ended; asks it to end when this task is cancelled, and kills it where that takes too long.
    func run() async -> Ending {
        let kills = Self.outOfMemoryKills()
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: longestStop)]
        do {
            let ended = try await Subprocess.run(
                .path(.init(program)), arguments: Arguments(arguments), platformOptions: options, input: .inputWriter,
                output: .sequence, error: .currentStandardError
            ) { child in
                try await listen(to: child)
            }
            return Self.ending(ended.terminationStatus, wasSilent: ended.closureResult, killsBefore: kills)
        } catch {
            return Ending(text: "\(error)")
        }
    }

    /// Returns when its output ends, or kills it for its silence and says true. Seconds are counted and no clock is asked: a machine
    /// that was suspended has not been silent.
    private func listen(
        to child: Execution<CustomWriteInput, SequenceOutput, FileDescriptorOutput>
    ) async throws -> Bool {
        let silence = Silence()
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                for try await _ in child.standardOutput { silence.seconds.store(0, ordering: .relaxed) }
                return false
            }
            group.addTask {
                while silence.seconds.add(1, ordering: .relaxed).newValue <= longestSilence {
                    try? await Task.sleep(for: .seconds(1))
                    if Task.isCancelled { return false }
                }
                try? child.send(signal: .kill)
                return true
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
    }

    private final class Silence: Sendable {
        let seconds = Atomic(0)
    }

    private static func ending(_ status: TerminationStatus, wasSilent: Bool, killsBefore kills: Int) -> Ending {
        switch status {
        case .exited(let code): Ending(text: "status \(code)", loss: wasSilent ? .silence : .unknown)
        case .signaled(let signal):
            Ending(text: "signal \(signal)", loss: wasSilent ? .silence : loss(by: signal, kills))
        }
    }

    private static func loss(by signal: Int32, _ killsBefore: Int) -> JobLoss {
        switch signal {
        case SIGKILL: outOfMemoryKills() > killsBefore ? .crash : .unknown
        case SIGTERM, SIGINT, SIGHUP: .unknown
        default: .crash
        }
    }

    /// How many processes the kernel has ended for want of memory.
    private static func outOfMemoryKills() -> Int {
        let text = (try? String(contentsOfFile: "/proc/vmstat", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        return line.flatMap { Int($0.dropFirst("oom_kill ".count)) } ?? 0
    }
}
