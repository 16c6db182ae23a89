import Foundation

/// Detects writes that failed because the disk is full.
package enum DiskSpace {
    /// The file system or a quota is full.
    package static let errorNumbers: Set<Int32> = [ENOSPC, EDQUOT]

    /// With less free space, a write that failed for an unknown reason is attributed to a full disk.
    private static let leastBytes: UInt64 = 1 << 20

    /// Whether the error means that the disk is full, including Foundation's errors.
    package static func isExhausted(_ error: any Error) -> Bool {
        let error = error as NSError
        switch error.domain {
        case NSPOSIXErrorDomain: return errorNumbers.contains(Int32(error.code))
        case NSCocoaErrorDomain where error.code == CocoaError.fileWriteOutOfSpace.rawValue: return true
        default:
            guard let cause = error.userInfo[NSUnderlyingErrorKey] as? any Error else { return false }
            return isExhausted(cause)
        }
    }

    /// Whether the file system of the folder with `file` is almost full.
    package static func isExhausted(at file: URL) -> Bool {
        guard let space = FileSystemSpace(of: file.deletingLastPathComponent()) else { return false }
        return space.freeBytes < leastBytes
    }
}

/// The space of a file system.
package struct FileSystemSpace: Sendable, Equatable {
    /// What remains for users other than root.
    package let freeBytes: UInt64
    package let sizeBytes: UInt64

    /// `nil` if the folder does not exist or its file system has no size. It blocks while a network file system does not
    /// answer.
    package init?(of folder: URL) {
        var state = statvfs()
        guard statvfs(folder.path, &state) == 0, state.f_blocks > 0 else { return nil }
        freeBytes = UInt64(state.f_bavail) * UInt64(state.f_frsize)
        sizeBytes = UInt64(state.f_blocks) * UInt64(state.f_frsize)
    }
}
