/// Whether the atlas could name the locations of lesions.
package struct AtlasFit: Codable, Equatable, Sendable {
    package enum Status: String, Codable, Sendable {
        case aligned
        /// The optimiser did not converge, or the two brains overlap too little.
        case notAligned = "not_aligned"
        case notInstalled = "not_installed"
    }

    package let status: Status
    /// Dice of the patient's brain (or head) and the atlas's after alignment, 0...1; `nil` if there was no alignment.
    package let fit: Double?

    package init(status: Status, fit: Double? = nil) {
        self.status = status
        self.fit = fit
    }
}
