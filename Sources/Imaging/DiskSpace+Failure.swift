import Basics
import Foundation

extension DiskSpace {
    /// The error for a failed write of `file`: a full disk, else `fault`.
    package static func failure(writing file: URL, cause: (any Error)? = nil, else fault: String) -> ImagingError {
        guard cause.map(isExhausted) == true || isExhausted(at: file) else {
            return ImagingError(.internalFault, fault)
        }
        return ImagingError(.diskFull, "The disk is full.")
    }
}
