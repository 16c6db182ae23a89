import Dispatch
import Features
import Foundation
import Kernel
import Logging
import Synchronization

/// Writes a process's log lines to standard error and, if configured, to its log file.
///
/// Lines are buffered for up to 50 ms and written together, so that requests cost no system call. Warnings and errors
/// are written immediately.
final class LogWriter: Sendable {
    private static let flushDelay: DispatchTimeInterval = .milliseconds(50)

    private struct Waiting {
        var bytes: [UInt8] = []
        var isScheduled = false
    }

    private let waiting = Mutex(Waiting())
    /// Locked while lines are taken from the buffer and written, to keep their order.
    private let file: Mutex<LogFile?>
    private let queue = DispatchQueue(label: "log")
    private let repeats = Mutex(RepeatFilter())

    init(file: LogFile?) {
        self.file = Mutex(file)
    }

    /// Whether to write or omit an event that may repeat many times.
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

    /// Writes the buffered lines. Call this before the process exits.
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
    /// The log writer of a command. The server and the worker also write to files.
    ///
    /// - Throws: `SettingsError` if `LOG_ROOT` is not writable.
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
        var logger = Logger(label: label) {
            LineLogHandler(label: $0, format: format, writer: self, metadataProvider: .trace)
        }
        logger.logLevel = settings.logLevel
        return logger
    }
}
