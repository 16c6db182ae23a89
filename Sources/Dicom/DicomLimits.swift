/// Bounds on what a file may make the reader allocate.
package struct DicomLimits: Sendable {
    /// Bytes of a file.
    package var fileBytes = 1 << 31
    /// Bytes that a deflated data set may inflate to.
    package var inflatedBytes = 1 << 30
    /// Sequences within sequences.
    package var depth = 32
    /// Elements, items and fragments of a file.
    package var elements = 4_000_000

    package static let standard = DicomLimits()

    package init() {}
}
