import Foundation
import Logging

/// What keeps a worker from harming its machine and tells others when it dies.
enum WorkerGuards {
    /// The kernel ends a worker before the server or the database; 0 is everybody's, 1000 is the first to go.
    private static let oomScore = 500

    /// - Parameters:
    ///   - note: the file that says how this process ended.
    ///   - limit: how many bytes of memory it may take.
    ///   - runsOneJob: else nobody can tell which of its jobs has asked for too much.
    static func raise(note: URL?, memoryLimit limit: UInt64?, runsOneJob: Bool, logger: Logger) {
        let path = "/proc/self/oom_score_adj"
        let present = (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(
            in: .whitespacesAndNewlines)
        if let score = present.flatMap({ Int($0) }), score < oomScore {
            try? Data("\(oomScore)".utf8).write(to: URL(fileURLWithPath: path))
        }
        if let limit {
            // Of the address space only what is private and writable: networks and libraries are mapped beside it.
            var limits = rlimit(rlim_cur: rlim_t(limit), rlim_max: rlim_t(limit))
            if setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limits) != 0 {
                logger.warning("WORKER_MEMORY_LIMIT can't be set", metadata: ["errno": "\(errno)"])
            }
        }
        if let note { CrashNote.install(file: note, memoryLimit: runsOneJob ? limit : nil) }
    }
}

/// Leaves a note when this process crashes. Nothing in its handler may allocate or lock: the crash may be in the allocator.
private enum CrashNote {
    // A signal handler can be given nothing, so what it needs lies here; written once, before any crash is caught.
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
        // Who crashes with this much in use, having asked for more, crashed because of the limit.
        highPages = memoryLimit.map { Int($0 / 2) / Int(sysconf(Int32(_SC_PAGESIZE))) } ?? .max
        _ = (statistics, crash, memory)
        for number in [SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGTRAP, SIGFPE] {
            signal(number) { CrashNote.crashed($0) }
        }
    }

    private static func crashed(_ number: Int32) {
        // Only these are how an allocation ends that is refused.
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

    /// The sixth number of `statm`: pages of private writable memory.
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

/// Tells the process that started this one that Swift's threads still run: a byte a second on standard output.
enum Heartbeat {
    static let interval: Duration = .seconds(1)

    static func run() async {
        // A server that has died must not end its worker before that has released its job.
        signal(SIGPIPE, SIG_IGN)
        var byte = UInt8(ascii: ".")
        while !Task.isCancelled {
            _ = write(STDOUT_FILENO, &byte, 1)
            try? await Task.sleep(for: interval)
        }
    }
}
