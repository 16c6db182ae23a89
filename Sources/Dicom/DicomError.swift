/// A DICOM file or series that cannot be used. Says what is wrong and where; never contains a value of an attribute.
package struct DicomError: Error, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The bytes are not a DICOM file.
        case notDicom
        /// The file contradicts itself or is cut short.
        case damaged
        /// The file is valid, but not supported.
        case unsupported
        /// The file exceeds a limit of `DicomLimits`.
        case tooLarge
        /// The images of a series do not form a volume.
        case noVolume
    }

    package let code: Code
    /// One or two sentences.
    package let message: String
    /// The element concerned.
    package let tag: Tag?
    /// The place in the file, or in the inflated data set of a deflated file.
    package let offset: Int?

    package init(_ code: Code, _ message: String, tag: Tag? = nil, offset: Int? = nil) {
        self.code = code
        self.message = message
        self.tag = tag
        self.offset = offset
    }

    package var description: String {
        var places: [String] = []
        if let tag { places.append("element \(tag)") }
        if let offset { places.append("offset \(offset)") }
        return places.isEmpty ? message : "\(message) (\(places.joined(separator: ", ")))"
    }
}
