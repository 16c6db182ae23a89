/// Where one series of a patient comes from. Nothing that works with series knows how they are stored.
package protocol SeriesSource: Sendable {
    /// What errors call the series; nil for its sequence's name.
    var name: String? { get }

    /// - Throws: `ImagingError` where there is no image that can be used.
    func load() throws -> Image

    /// SHA-256, hexadecimal, of the series as it is stored.
    func digest() throws -> String

    /// How NIfTI files on the series' grid describe it, so that they open wherever the series does; nil where its affine is enough.
    func forms() throws -> NIfTIForms?
}
