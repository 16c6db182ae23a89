import Basics
import Foundation
import Testing

@testable import Imaging

/// How failed writes and allocations are classified.
struct DiskSpaceTests {
    private static func wrapping(_ cause: any Error) -> NSError {
        NSError(
            domain: NSCocoaErrorDomain, code: CocoaError.fileWriteUnknown.rawValue,
            userInfo: [NSUnderlyingErrorKey: cause])
    }

    private static let full: [any Error & Sendable] = [
        POSIXError(.ENOSPC), POSIXError(.EDQUOT), CocoaError(.fileWriteOutOfSpace),
    ]
    private static let other: [any Error & Sendable] = [
        POSIXError(.EACCES), POSIXError(.EIO), CocoaError(.fileNoSuchFile), ImagingError(.internalFault, "x"),
    ]

    @Test func aFullDiskAndASpentQuotaAreTold() {
        for error in Self.full {
            #expect(DiskSpace.isExhausted(error), "\(error)")
            #expect(DiskSpace.isExhausted(Self.wrapping(error)), "\(error) as a cause")
        }
        for error in Self.other {
            #expect(!DiskSpace.isExhausted(error), "\(error)")
            #expect(!DiskSpace.isExhausted(Self.wrapping(error)), "\(error) as a cause")
        }
    }

    @Test func aFailedWriteSaysThatTheDiskIsFull() {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("mask.nii.gz")
        for error in Self.full {
            #expect(DiskSpace.failure(writing: file, cause: error, else: "No.").code == .diskFull, "\(error)")
        }
        for error in Self.other {
            let failure = DiskSpace.failure(writing: file, cause: error, else: "No.")
            #expect(failure == ImagingError(.internalFault, "No."), "\(error)")
        }
    }

    @Test func aRefusedAllocationIsNoFaultOfOurs() {
        for text in ["std::bad_alloc", "Can not allocate 4096 bytes", "Failed to ALLOCATE memory for the output"] {
            #expect(ImagingError.outOfMemory(accordingTo: text)?.code == .outOfMemory, "\(text)")
        }
        #expect(ImagingError.outOfMemory(accordingTo: "The spacing is not positive.") == nil)
    }
}
