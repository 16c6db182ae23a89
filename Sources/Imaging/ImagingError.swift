/// A failure that the imaging code can name; `message` is one sentence for the user and holds no patient data and no path.
package struct ImagingError: Error, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The bytes are not a readable image: the sender's fault.
        case invalidImage
        /// The image is readable, but not one that the platform can use.
        case unsupportedImage
        /// The labels of a mask may mean several things; whoever knows names the convention.
        case ambiguousLabels
        /// The series of one study do not fit each other.
        case incompatibleSeries
        /// The model package is missing, damaged or of another format, or the device that is to run it is absent.
        case invalidModel
        /// The work was cancelled.
        case cancelled
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
}
