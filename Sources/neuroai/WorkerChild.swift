import Foundation
import Kernel
import Subprocess
import Synchronization

/// A child process that sends a heartbeat on standard output.
///
/// Its standard input is a pipe whose other end this process holds. The pipe closes when this process exits for any
/// reason, so that no worker outlives its server. (A parent-death signal would be tied to the thread that started the
/// child.)
struct WorkerChild: Sendable {
    struct Ending: Equatable, Sendable {
        let text: String
        var loss = JobLoss.unknown
    }

    var program = Bundle.main.executablePath ?? ""
    let arguments: [String]
    /// Seconds without a heartbeat before the child is killed: slightly more than a lease, after which other workers
    /// may take its job.
    var longestSilence = Int(JobPolicy().lease.components.seconds) + 5
    /// A worker takes at most ten seconds to shut down.
    var longestStop: Duration = .seconds(12)

    /// Returns when the process has exited. Cancelling this task terminates the process gracefully, or kills it on
    /// timeout.
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

    /// Returns `false` when the output ends, or kills a silent child and returns `true`. Counts seconds instead of
    /// reading a clock, so that a suspended machine does not count as silence.
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

    /// The number of processes that the kernel has killed because memory ran out.
    private static func outOfMemoryKills() -> Int {
        let text = (try? String(contentsOfFile: "/proc/vmstat", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        return line.flatMap { Int($0.dropFirst("oom_kill ".count)) } ?? 0
    }
}
