import Storage

/// A file as it leaves the service.
package struct StoredFile: Sendable, Equatable {
    /// Made of our own words: never the client's name of the file, which often holds the patient's.
    package let name: String
    package let blob: BlobKey
    /// Bytes.
    package let size: Int64
    /// Hexadecimal.
    package let sha256: String
    /// Whether it is a series that may still name the patient, since it was stored before uploads were rid of that.
    var isUnstripped = false

    package var mediaType: String {
        switch name.split(separator: ".").last {
        case "png": "image/png"
        case "json": "application/json"
        case "pdf": "application/pdf"
        case "gz": "application/gzip"
        default: "application/octet-stream"
        }
    }
}
