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
        var state = statvfs()
        guard statvfs(file.deletingLastPathComponent().path, &state) == 0, state.f_blocks > 0 else { return false }
        return UInt64(state.f_bavail) * UInt64(state.f_frsize) < leastBytes
    }
}
