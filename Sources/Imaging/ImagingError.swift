import Foundation

/// A failure that the imaging code can describe; `message` is one sentence for the user, without patient data or paths.
package struct ImagingError: Error, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The bytes are not a readable image; the client must fix this.
        case invalidImage
        /// The image is readable but not supported.
        case unsupportedImage
        /// The labels of a mask are ambiguous; the client can specify the convention.
        case ambiguousLabels
        /// The series of a study do not fit together.
        case incompatibleSeries
        /// The model package is missing, damaged or in another format, or its device is absent.
        case invalidModel
        /// The work was cancelled.
        case cancelled
        /// A file could not be written because the disk is full; a retry may succeed.
        case diskFull
        /// The process may not allocate the memory that the work needs.
        case outOfMemory
        /// A fault in this code or in a native library.
        case internalFault
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code.rawValue): \(message)" }

    /// The same error, prefixed with the name of a series, case or file.
    package func named(_ name: String) -> ImagingError { ImagingError(code, "\(name): \(message)") }

    /// Runs `work` and prefixes its errors with `name`.
    package static func naming<T>(_ name: String, _ work: () throws -> T) throws -> T {
        do {
            return try work()
        } catch let error as ImagingError where error.code != .cancelled {
            throw error.named(name)
        }
    }

    /// An out-of-memory error if a native library's message indicates one.
    package static func outOfMemory(accordingTo text: String) -> ImagingError? {
        guard text.contains("bad_alloc") || text.localizedCaseInsensitiveContains("allocate") else { return nil }
        return ImagingError(.outOfMemory, "The images need more memory than the process may use.")
    }
}
