import ArgumentParser
import Basics
import Foundation
import Imaging
import Kernel
import Storage

extension ImagingError {
    /// Exit codes from `sysexits.h`: 65 for invalid input, 78 for an invalid model, 70 for an internal error; 130 as
    /// after Ctrl-C.
    var exitCode: Int32 {
        switch code {
        case .invalidImage, .unsupportedImage, .ambiguousLabels, .incompatibleSeries: 65
        case .invalidModel: 78
        case .cancelled: 130
        case .diskFull: 73
        case .internalFault, .outOfMemory: 70
        }
    }
}

/// Messages for the user, separate from the program output on standard output.
enum Terminal {
    static func complain(_ message: String) {
        FileHandle.standardError.write(Data((message + "\n").utf8))
    }

    /// Converts an unhandled error to a message and an exit code from `sysexits.h`.
    static func ending(_ error: any Error) -> any Error {
        switch error {
        case let error as AppError: return ManagementTask.refusal(error)
        case let error as SettingsError:
            complain(error.description)
            return ExitCode(78)
        case let error as FileError:
            complain(error.description)
            return ExitCode(74)
        case let error as ImagingError:
            complain(error.message)
            return ExitCode(error.exitCode)
        case let error as DatabaseError:
            complain(error.message)
            return ExitCode(error.kind == .diskFull ? 73 : 69)
        case let error as BlobError:
            complain(error.description)
            return ExitCode(74)
        case let error where DiskSpace.isExhausted(error):
            complain("The disk is full.")
            return ExitCode(73)
        case let error as CocoaError:
            let path = (error.userInfo[NSFilePathErrorKey] as? String).map { "\($0): " } ?? ""
            complain("\(path)a file can't be read or written.")
            return ExitCode(74)
        default: return error
        }
    }

    /// Ends the command with a message and an exit code if `body` throws an image or model error.
    static func complaining(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as ImagingError {
            complain(error.message)
            throw ExitCode(error.exitCode)
        }
    }
}

/// A progress line that is redrawn in place, if standard error is a terminal.
final class ProgressBar: Sendable {
    private let isShown = isatty(STDERR_FILENO) == 1

    @Sendable func show(_ step: String, _ fraction: Double) {
        guard isShown else { return }
        let done = Int(fraction * 30)
        let bar = String(repeating: "█", count: done) + String(repeating: "·", count: 30 - done)
        FileHandle.standardError.write(Data("\r\u{1B}[K\(bar) \(Int(fraction * 100)) % \(step)".utf8))
    }

    func end() {
        if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}
