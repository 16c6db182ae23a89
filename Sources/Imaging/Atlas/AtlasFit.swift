/// Whether places of lesions could be named by the atlas.
package struct AtlasFit: Codable, Equatable, Sendable {
    package enum Status: String, Codable, Sendable {
        case aligned
        /// The optimiser did not settle, or the two brains cover each other too badly.
        case notAligned = "not_aligned"
        case notInstalled = "not_installed"
    }

    package let status: Status
    /// Dice of the patient's brain (or head) and the atlas's after alignment, 0...1; nil where there was none.
    package let fit: Double?

    package init(status: Status, fit: Double? = nil) {
        self.status = status
        self.fit = fit
    }
}
