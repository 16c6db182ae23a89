/// The limits of the measurements, and their text.
package enum MeasurementLimits {
    /// mm³: smaller components are not lesions, smaller parts are not counted.
    package static let minimumVolume = 50.0
    /// mm from the mid-plane that count as contact.
    package static let midlineReach = 2.0
    /// mm from the brain's surface that count as contact.
    package static let cortexReach = 3.0

    /// `0.05 ml`
    package static var minimumVolumeText: String { QuantityText.volume(minimumVolume).text }
    /// `3 mm`
    package static var cortexReachText: String { QuantityText.length(cortexReach).text }
}
