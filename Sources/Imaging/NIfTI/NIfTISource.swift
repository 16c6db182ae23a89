import Foundation

/// A series in a NIfTI file.
package struct NIfTISource: SeriesSource {
    package let name: String?
    private let file: URL

    package init(_ file: URL, name: String? = nil) {
        self.file = file
        self.name = name
    }

    package func load() throws -> Image { try NIfTIFile.readImage(file) }

    package func digest() throws -> String { try RunManifest.digest(of: file) }

    package func forms() throws -> NIfTIForms? { try NIfTIFile.forms(of: file) }
}
