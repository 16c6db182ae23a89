import Foundation
import TestSupport

/// The built program, run from the command line.
enum Program {
    /// `NEUROAI_BINARY`, or the debug build of this checkout; `nil` if neither exists.
    static let binary: URL? = {
        let named = ProcessInfo.processInfo.environment["NEUROAI_BINARY"].map { URL(fileURLWithPath: $0) }
        let url = named ?? root.appendingPathComponent(".build/debug/neuroai")
        return FileManager.default.isExecutableFile(atPath: url.path) ? url : nil
    }()

    static var isBuilt: Bool { binary != nil }

    /// Whether the model package that workers load exists.
    static var hasModel: Bool {
        let path = ProcessInfo.processInfo.environment["SEGMENTATION_MODEL_PATH"] ?? "models/unet"
        let folder = URL(fileURLWithPath: path, relativeTo: root)
        return FileManager.default.fileExists(atPath: folder.appendingPathComponent("model.json").path)
    }

    /// The root of the checkout.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct Missing: Error {}

    /// The child processes of a process that are still running.
    static func children(of pid: pid_t) -> [pid_t] {
        let path = "/proc/\(pid)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return threads.flatMap { thread in
            ((try? String(contentsOfFile: "\(path)/\(thread)/children", encoding: .utf8)) ?? "")
                .split(separator: " ").compactMap { pid_t($0) }
        }
    }

    /// The exit status and output of a command.
    struct Ending {
        /// `nil` if it did not exit in time.
        let code: Int32?
        let said: String
    }

    /// Runs a command until it exits, with these lines as standard input.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], in folder: URL, from workingFolder: URL = root,
        input lines: String = ""
    ) async throws -> Ending {
        let log = folder.appendingPathComponent("said-\(UUID().uuidString)")
        let input = Pipe()
        let program = try start(arguments, environment: environment, in: workingFolder, input: input, log: log)
        try input.fileHandleForWriting.write(contentsOf: Data(lines.utf8))
        try input.fileHandleForWriting.close()
        let hasEnded = await program.waitForEnd(120)
        return Ending(
            code: hasEnded ? program.exitCode : nil, said: try String(contentsOf: log, encoding: .utf8))
    }

    /// Starts a command; its log is written to `log`.
    static func start(
        _ arguments: [String], environment: [String: String], in folder: URL = root, input: Pipe? = nil, log: URL
    ) throws -> RunningProgram {
        guard let binary else { throw Missing() }
        let process = Process()
        process.executableURL = binary
        process.arguments = arguments
        process.currentDirectoryURL = folder
        if let input { process.standardInput = input }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        if !FileManager.default.fileExists(atPath: log.path) {
            _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        }
        let journal = try FileHandle(forWritingTo: log)
        try journal.seekToEnd()
        process.standardOutput = journal
        process.standardError = journal
        let program = RunningProgram(process)
        try process.run()
        return program
    }
}

/// A running command; it is killed when the last reference is released.
final class RunningProgram: Sendable {
    private let process: Process

    fileprivate init(_ process: Process) { self.process = process }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    var pid: pid_t { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    /// Valid only after the process has exited.
    var exitCode: Int32 { process.terminationStatus }

    /// Sends a signal and waits for the process to exit.
    ///
    /// - Returns: false if it is still running after `seconds`.
    @discardableResult
    func end(_ signal: Int32, within seconds: Double = 15) async -> Bool {
        kill(pid, signal)
        return await waitForEnd(seconds)
    }

    /// Does not block a thread while waiting: tests share as many threads as there are cores, and a blocked one would
    /// keep the others from checking their own conditions.
    func waitForEnd(_ seconds: Double) async -> Bool {
        await eventually(within: .seconds(seconds)) { !process.isRunning }
    }
}
