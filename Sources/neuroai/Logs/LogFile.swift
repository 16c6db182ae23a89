import Foundation

/// A log file that is rotated when it is full: `app.log` becomes `app.log.1`, which becomes `app.log.2`, and so on.
///
/// Several processes may write to it, such as two workers; each detects a rotation by another.
struct LogFile: Sendable {
    private let folder: URL
    private let path: String
    private let limit: Int
    private let kept: Int
    private var descriptor: Int32 = -1
    private var inode: ino_t = 0

    /// - Parameters:
    ///   - limit: the size in bytes at which the file is rotated.
    ///   - kept: the number of rotated files to keep.
    /// - Throws: `SettingsError` if the file can't be written.
    init(folder: URL, name: String, limit: Int, kept: Int) throws {
        self.folder = folder
        path = folder.appendingPathComponent(name).path
        self.limit = limit
        self.kept = kept
        // Other users must not read the logs of a hospital's server.
        try? FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        guard reopen() else {
            throw SettingsError("LOG_ROOT: \(name) can't be written there; name another folder, or - for none.")
        }
    }

    /// On a full disk, lines are lost but nothing else fails.
    mutating func append(_ bytes: [UInt8]) {
        guard isStillThere || reopen() else { return }
        var state = stat()
        if fstat(descriptor, &state) == 0, state.st_size > 0, Int(state.st_size) + bytes.count > limit { putAside() }
        bytes.withUnsafeBytes { Self.writeAll($0, to: descriptor) }
    }

    static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }

    private var isStillThere: Bool {
        var state = stat()
        return stat(path, &state) == 0 && state.st_ino == inode
    }

    private mutating func reopen() -> Bool {
        let fresh = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        guard fresh >= 0 else { return false }
        if descriptor >= 0 { close(descriptor) }
        descriptor = fresh
        var state = stat()
        inode = fstat(fresh, &state) == 0 ? state.st_ino : 0
        return true
    }

    /// One process at a time. The lock is a separate file, since the log file itself is renamed.
    private mutating func putAside() {
        let lock = open(folder.appendingPathComponent(".rotation.lock").path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        if lock >= 0 { flock(lock, LOCK_EX) }
        defer { if lock >= 0 { close(lock) } }
        if isStillThere {
            for number in stride(from: kept - 1, through: 1, by: -1) {
                rename("\(path).\(number)", "\(path).\(number + 1)")
            }
            rename(path, "\(path).1")
        }
        _ = reopen()
    }
}
