import Foundation
import Synchronization

/// The built program, run as its users run it.
enum Program {
    /// `NEUROAI_BINARY`, else the debug build of this checkout; nil where neither is there.
    static let binary: URL? = {
        let named = ProcessInfo.processInfo.environment["NEUROAI_BINARY"].map { URL(fileURLWithPath: $0) }
        let url = named ?? root.appendingPathComponent(".build/debug/neuroai")
        return FileManager.default.isExecutableFile(atPath: url.path) ? url : nil
    }()

    static var isBuilt: Bool { binary != nil }

    /// Whether the model package that workers load is there.
    static var hasModel: Bool {
        let path = ProcessInfo.processInfo.environment["SEGMENTATION_MODEL_PATH"] ?? "models/mome"
        let folder = URL(fileURLWithPath: path, relativeTo: root)
        return FileManager.default.fileExists(atPath: folder.appendingPathComponent("model.json").path)
    }

    /// The checkout.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct Missing: Error {}

    /// Starts a command; the journal of what it logs goes to `log`.
    static func start(_ arguments: [String], environment: [String: String], log: URL) throws -> RunningProgram {
        guard let binary else { throw Missing() }
        let process = Process()
        process.executableURL = binary
        process.arguments = arguments
        process.currentDirectoryURL = root
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

/// A started command; it is killed when nobody holds it any longer.
final class RunningProgram: Sendable {
    private let process: Process
    private let ended = DispatchSemaphore(value: 0)

    fileprivate init(_ process: Process) {
        self.process = process
        process.terminationHandler = { [ended] _ in ended.signal() }
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    var pid: pid_t { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    /// Once it has ended.
    var exitCode: Int32 { process.terminationStatus }

    /// Sends a signal and waits for the end.
    ///
    /// - Returns: false where it still runs after `seconds`.
    @discardableResult
    func end(_ signal: Int32, within seconds: Double = 15) -> Bool {
        kill(pid, signal)
        return waitForEnd(seconds)
    }

    func waitForEnd(_ seconds: Double) -> Bool {
        guard process.isRunning else { return true }
        guard ended.wait(timeout: .now() + seconds) == .success else { return false }
        ended.signal()
        return true
    }
}
