import Basics
import Storage

extension AppError {
    /// The error to report for any failure; the original becomes `cause` for the log.
    package static func wrapping(_ error: any Error) -> AppError {
        switch error {
        case let error as AppError: error
        case let error as any WrappedError: error.appError
        case is CancellationError:
            AppError(.unavailable, "The request was cancelled.", cause: error)
        default: internalFault(error)
        }
    }

    /// A file that exceeds the size limit.
    package static func fileTooLarge(limit: Int64, cause: (any Error)? = nil) -> AppError {
        AppError(.tooLarge, "The file is too large. The limit is \(ByteCount(limit).size).", cause: cause)
    }

    package static func diskFull(_ error: any Error) -> AppError {
        AppError(.unavailable, "The server's disk is full. Try again later.", cause: error)
    }

    package static func internalFault(_ error: any Error) -> AppError {
        AppError(.internalFault, "Internal server error. It has been logged.", cause: error)
    }
}

/// An error whose description contains no patient data, so that it can be logged.
package protocol LoggableError: Error, CustomStringConvertible {}

/// A lower-level error with a meaning for the client.
package protocol WrappedError: LoggableError {
    var appError: AppError { get }
    /// Whether a disk is full.
    var isDiskFull: Bool { get }
}

extension DatabaseError: WrappedError {
    package var appError: AppError {
        switch kind {
        case .busy: AppError(.unavailable, "The database is busy. Try again in a moment.", cause: self)
        case .unavailable: AppError(.unavailable, "The database is unavailable. Try again later.", cause: self)
        case .diskFull: .diskFull(self)
        case .invalidValue: AppError(.validation, "The text contains an unsupported character.", cause: self)
        default: .internalFault(self)
        }
    }

    package var isDiskFull: Bool { kind == .diskFull }
}

extension BlobError: WrappedError {
    package var appError: AppError {
        switch self {
        case .tooLarge(let limit): .fileTooLarge(limit: limit, cause: self)
        case .missing: AppError(.notFound, "The file no longer exists.", cause: self)
        case .wrongOffset:
            AppError(.conflict, "Upload-Offset mismatch. Request the current offset.", cause: self)
        case .closed: .internalFault(self)
        case .fileSystem where isDiskFull: .diskFull(self)
        case .digestMismatch: AppError(.unavailable, "The stored file is damaged. Contact the operator.", cause: self)
        case .fileSystem, .unavailable, .refused:
            AppError(.unavailable, "File storage is unavailable. Try again later.", cause: self)
        }
    }

    package var isDiskFull: Bool {
        if case .fileSystem(let number) = self { return DiskSpace.errorNumbers.contains(number) }
        return false
    }
}

extension AppError {
    /// A loggable description of an error: only its type if it is not loggable.
    package static func cause(of error: any Error) -> String {
        switch error {
        case let error as AppError: error.cause.map { "\(error) (\(cause(of: $0)))" } ?? "\(error)"
        case let error as any LoggableError: "\(error)"
        default: "\(type(of: error))"
        }
    }
}

extension AppError {
    /// Whether `error` was caused by a full disk: of the database, the stored files or a folder for output.
    package static func isDiskFull(_ error: any Error) -> Bool {
        switch error {
        case let error as AppError: error.cause.map(isDiskFull) ?? false
        case let error as any WrappedError: error.isDiskFull
        default: DiskSpace.isExhausted(error)
        }
    }
}

extension AppError {
    /// Whether `error` was caused by an object store that did not answer.
    package static func isStorageOutage(_ error: any Error) -> Bool {
        switch error {
        case let error as AppError: error.cause.map(isStorageOutage) ?? false
        case BlobError.unavailable: true
        default: false
        }
    }
}

extension AppError {
    /// Whether the operation may have succeeded nevertheless: the response to a COMMIT was lost, or the error is
    /// internal.
    package var mayHaveTakenEffect: Bool {
        code == .internalFault || (cause as? DatabaseError)?.kind == .unavailable
    }
}
