import Dispatch
import Features
import Foundation
import Logging
import Synchronization

/// Takes a process's log lines to standard error and, where there is one, to its file.
///
/// Lines wait up to a twentieth of a second and go out together, so that a request costs no system call; warnings and worse go out at once.
final class LogWriter: Sendable {
    private static let flushDelay: DispatchTimeInterval = .milliseconds(50)

    private struct Waiting {
        var bytes: [UInt8] = []
        var isScheduled = false
    }

    private let waiting = Mutex(Waiting())
    /// Held while lines are taken and written, so that they keep their order.
    private let file: Mutex<LogFile?>
    private let queue = DispatchQueue(label: "log")
    private let repeats = Mutex(RepeatFilter())

    init(file: LogFile?) {
        self.file = Mutex(file)
    }

    /// Whether a line that may go on and on is to be written now.
    func judge(_ key: String) -> RepeatFilter.Verdict { repeats.withLock { $0.judge(key) } }

    func write(_ line: String, isUrgent: Bool) {
        let mustSchedule = waiting.withLock { waiting in
            waiting.bytes.append(contentsOf: line.utf8)
            guard !isUrgent, !waiting.isScheduled else { return false }
            waiting.isScheduled = true
            return true
        }
        if isUrgent { flush() }
        if mustSchedule { queue.asyncAfter(deadline: .now() + Self.flushDelay) { self.flush() } }
    }

    /// Writes what waits; call it before the process ends.
    func flush() {
        file.withLock { file in
            let bytes = waiting.withLock { waiting in
                defer { waiting = Waiting() }
                return waiting.bytes
            }
            guard !bytes.isEmpty else { return }
            bytes.withUnsafeBytes { LogFile.writeAll($0, to: STDERR_FILENO) }
            file?.append(bytes)
        }
    }
}

extension LogWriter {
    /// The writer of a command: the server and the worker also write to files.
    ///
    /// - Throws: `SettingsError` where `LOG_ROOT` can't be written.
    static func open(_ settings: Settings, label: String) throws -> LogWriter {
        let names = ["serve": "app.log", "worker": "celery.log"]
        guard let name = names[label], let root = settings["LOG_ROOT"], root != "-" else { return LogWriter(file: nil) }
        return LogWriter(
            file: try LogFile(
                folder: URL(fileURLWithPath: root, isDirectory: true), name: name,
                limit: Int(settings.bytes("LOG_MAX_BYTES")), kept: settings.number("LOG_KEEP")))
    }

    func logger(_ settings: Settings, label: String) -> Logger {
        let isJSON = settings["LOG_FORMAT"]?.lowercased() == "json"
        let format: LineLogHandler.Format = isJSON ? .json : .text
        var logger = Logger(label: label) { LineLogHandler(label: $0, format: format, writer: self) }
        logger.logLevel = settings.logLevel
        return logger
    }
}
