import Foundation
import Logging

/// Protects the machine from a worker's memory use, and records why a worker crashed.
enum WorkerGuards {
    /// Makes the kernel kill a worker before the server or the database; the default is 0, and 1000 is killed first.
    private static let oomScore = 500

    /// - Parameters:
    ///   - note: the file that records how this process ended.
    ///   - limit: the memory limit in bytes.
    ///   - runsOneJob: whether the worker runs one job at a time; otherwise the job that exceeded the limit can't be
    ///     identified.
    static func raise(note: URL?, memoryLimit limit: UInt64?, runsOneJob: Bool, logger: Logger) {
        let path = "/proc/self/oom_score_adj"
        let present = (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(
            in: .whitespacesAndNewlines)
        if let score = present.flatMap({ Int($0) }), score < oomScore {
            try? Data("\(oomScore)".utf8).write(to: URL(fileURLWithPath: path))
        }
        if let limit {
            // Limits only private writable memory: networks and libraries are mapped in addition to it.
            var limits = rlimit(rlim_cur: rlim_t(limit), rlim_max: rlim_t(limit))
            if setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limits) != 0 {
                logger.warning("WORKER_MEMORY_LIMIT can't be set", metadata: ["errno": "\(errno)"])
            }
        }
        if let note { CrashNote.install(file: note, memoryLimit: runsOneJob ? limit : nil) }
    }
}

/// Writes a note when this process crashes. The signal handler must not allocate or lock: the crash may be in the
/// allocator.
private enum CrashNote {
    // A signal handler takes no context, so its data is static, written once before the handler is installed.
    nonisolated(unsafe) private static var path: UnsafeMutablePointer<CChar>?
    nonisolated(unsafe) private static var buffer: UnsafeMutablePointer<UInt8>?
    nonisolated(unsafe) private static var highPages = Int.max
    private static let bufferBytes = 256
    private static let statistics: StaticString = "/proc/self/statm"
    private static let crash: StaticString = "crash"
    private static let memory: StaticString = "memory"

    static func install(file: URL, memoryLimit: UInt64?) {
        try? FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        path = strdup(file.path)
        buffer = .allocate(capacity: bufferBytes)
        // A crash at or above this usage after a failed allocation is attributed to the limit.
        highPages = memoryLimit.map { Int($0 / 2) / Int(sysconf(Int32(_SC_PAGESIZE))) } ?? .max
        _ = (statistics, crash, memory)
        for number in [SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGTRAP, SIGFPE] {
            signal(number) { CrashNote.crashed($0) }
        }
    }

    private static func crashed(_ number: Int32) {
        // A failed allocation ends in one of these signals.
        let isRefusal = number == SIGABRT || number == SIGILL || number == SIGTRAP
        let word = isRefusal && dataPages() >= highPages ? memory : crash
        if let path {
            let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            if file >= 0 {
                _ = write(file, word.utf8Start, word.utf8CodeUnitCount)
                close(file)
            }
        }
        signal(number, SIG_DFL)
        raise(number)
    }

    /// The sixth field of `statm`: pages of private writable memory.
    private static func dataPages() -> Int {
        guard let buffer else { return 0 }
        let name = UnsafeRawPointer(statistics.utf8Start).assumingMemoryBound(to: CChar.self)
        let file = open(name, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        let count = read(file, buffer, bufferBytes)
        close(file)
        var field = 0
        var number = 0
        var index = 0
        while index < count {
            let byte = buffer[index]
            if byte == 32 {
                if field == 5 { return number }
                field += 1
                number = 0
            } else if byte >= 48 && byte <= 57 {
                number = number &* 10 &+ Int(byte - 48)
            }
            index += 1
        }
        return 0
    }
}

/// Signals to the parent process that Swift's thread pool is responsive: one byte per second on standard output.
enum Heartbeat {
    static let interval: Duration = .seconds(1)

    static func run() async {
        // If the server has died, writing to its pipe must not terminate the worker before its job is released.
        signal(SIGPIPE, SIG_IGN)
        var byte = UInt8(ascii: ".")
        while !Task.isCancelled {
            _ = write(STDOUT_FILENO, &byte, 1)
            try? await Task.sleep(for: interval)
        }
    }
}
