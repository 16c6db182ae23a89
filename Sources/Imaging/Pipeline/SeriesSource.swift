/// The source of one series of a patient. Consumers do not know how series are stored.
package protocol SeriesSource: Sendable {
    /// The series' name in errors; `nil` for its sequence's name.
    var name: String? { get }

    /// - Throws: `ImagingError` if there is no usable image.
    func load() throws -> Image

    /// SHA-256, hexadecimal, of the series as stored.
    func digest() throws -> String

    /// How NIfTI files on the series' grid describe it, so that they open wherever the series does; `nil` if its affine
    /// is enough.
    func forms() throws -> NIfTIForms?
}
