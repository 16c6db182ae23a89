import Foundation

/// A failure that the imaging code can name; `message` is one sentence for the user and holds no patient data and no path.
package struct ImagingError: Error, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The bytes are not a readable image: the sender's fault.
        case invalidImage
        /// The image is readable, but not one that the platform can use.
        case unsupportedImage
        /// The labels of a mask may mean several things; a client that knows names the convention.
        case ambiguousLabels
        /// The series of one study do not fit each other.
        case incompatibleSeries
        /// The model package is missing, damaged or of another format, or the device that is to run it is absent.
        case invalidModel
        /// The work was cancelled.
        case cancelled
        /// A file could not be written because its disk is full; later it may work.
        case diskFull
        /// The process may not have the memory that the work needs.
        case outOfMemory
        /// A fault of ours or of a native library.
        case internalFault
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code.rawValue): \(message)" }

    /// The same fault with the name of what it is about in front: a series, a case or a file.
    package func named(_ name: String) -> ImagingError { ImagingError(code, "\(name): \(message)") }

    /// Runs `work`; what it throws names what it was about.
    package static func naming<T>(_ name: String, _ work: () throws -> T) throws -> T {
        do {
            return try work()
        } catch let error as ImagingError where error.code != .cancelled {
            throw error.named(name)
        }
    }

    /// A fault of memory, where a native library's text says so.
    package static func outOfMemory(accordingTo text: String) -> ImagingError? {
        guard text.contains("bad_alloc") || text.localizedCaseInsensitiveContains("allocate") else { return nil }
        return ImagingError(.outOfMemory, "The images need more memory than the process may use.")
    }
}
