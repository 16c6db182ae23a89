import Imaging
import Storage

extension AppError {
    /// What any failure means to the one who asked; the original stays as `cause` for the log.
    package static func wrapping(_ error: any Error) -> AppError {
        switch error {
        case let error as AppError: error
        case let error as DatabaseError: wrapping(error)
        case let error as BlobError: wrapping(error)
        case let error as ImagingError: wrapping(error)
        case is CancellationError:
            AppError(.unavailable, "The request was cancelled.", cause: error)
        default: internalFault(error)
        }
    }

    private static func wrapping(_ error: DatabaseError) -> AppError {
        switch error.kind {
        case .busy: AppError(.unavailable, "The database is busy. Try again in a moment.", cause: error)
        case .unavailable: AppError(.unavailable, "The database is unavailable. Try again later.", cause: error)
        case .diskFull: diskFull(error)
        case .invalidValue: AppError(.validation, "The text contains an unsupported character.", cause: error)
        default: internalFault(error)
        }
    }

    private static func wrapping(_ error: BlobError) -> AppError {
        switch error {
        case .tooLarge(let limit):
            fileTooLarge(limit: limit, cause: error)
        case .missing: AppError(.notFound, "The file no longer exists.", cause: error)
        case .wrongOffset:
            AppError(.conflict, "Upload-Offset mismatch. Request the current offset.", cause: error)
        case .closed: internalFault(error)
        case .fileSystem(let number) where DiskSpace.errorNumbers.contains(number): diskFull(error)
        case .fileSystem: AppError(.unavailable, "File storage is unavailable. Try again later.", cause: error)
        }
    }

    private static func wrapping(_ error: ImagingError) -> AppError {
        switch error.code {
        case .invalidImage, .unsupportedImage, .ambiguousLabels, .incompatibleSeries:
            AppError(.validation, error.message, fields: ["file": [error.message]], cause: error)
        case .invalidModel: AppError(.unavailable, error.message, cause: error)
        case .diskFull: diskFull(error)
        case .outOfMemory: AppError(.unavailable, error.message, cause: error)
        case .cancelled, .internalFault: internalFault(error)
        }
    }

    /// A file of more bytes than one may have.
    package static func fileTooLarge(limit: Int64, cause: (any Error)? = nil) -> AppError {
        AppError(.tooLarge, "The file is too large. The limit is \(ByteCount(limit).size).", cause: cause)
    }

    private static func diskFull(_ error: any Error) -> AppError {
        AppError(.unavailable, "The server's disk is full. Try again later.", cause: error)
    }

    private static func internalFault(_ error: any Error) -> AppError {
        AppError(.internalFault, "Internal server error. It has been logged.", cause: error)
    }
}

/// An error whose description holds no patient data, so that the log may have it.
package protocol LoggableError: Error, CustomStringConvertible {}

extension DatabaseError: LoggableError {}
extension BlobError: LoggableError {}
extension ImagingError: LoggableError {}

extension AppError {
    /// What the log may say of an error: of those that are not loggable only the type.
    package static func cause(of error: any Error) -> String {
        switch error {
        case let error as AppError: error.cause.map { "\(error) (\(cause(of: $0)))" } ?? "\(error)"
        case let error as any LoggableError: "\(error)"
        default: "\(type(of: error))"
        }
    }
}

extension AppError {
    /// Whether `error` comes of a full disk: of the database, of the stored files or of a folder that we write to.
    package static func isDiskFull(_ error: any Error) -> Bool {
        switch error {
        case let error as AppError: error.cause.map(isDiskFull) ?? false
        case let error as DatabaseError: error.kind == .diskFull
        case BlobError.fileSystem(let number): DiskSpace.errorNumbers.contains(number)
        case let error as ImagingError: error.code == .diskFull
        default: DiskSpace.isExhausted(error)
        }
    }
}

extension AppError {
    /// Whether what was asked for may have been done all the same: the answer to a COMMIT was lost, or the fault is ours.
    package var mayHaveTakenEffect: Bool {
        code == .internalFault || (cause as? DatabaseError)?.kind == .unavailable
    }
}
