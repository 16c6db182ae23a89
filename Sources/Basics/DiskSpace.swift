import Foundation

/// Whether a write failed because there is no room.
package enum DiskSpace {
    /// The file system, or a quota on it, has no room.
    package static let errorNumbers: Set<Int32> = [ENOSPC, EDQUOT]

    /// Where less is free, a write that failed for an unknown reason is taken to have failed for this one.
    private static let leastBytes: UInt64 = 1 << 20

    /// Whether this says that the disk is full, as Foundation's errors do.
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

    /// Whether the file system of the folder that holds `file` has next to no room.
    package static func isExhausted(at file: URL) -> Bool {
        var state = statvfs()
        guard statvfs(file.deletingLastPathComponent().path, &state) == 0, state.f_blocks > 0 else { return false }
        return UInt64(state.f_bavail) * UInt64(state.f_frsize) < leastBytes
    }
}
