import Foundation

/// A measured quantity as text, with its unit. Measurements are rounded only here, so that a number is the same on the
/// page, in the report, in the fact check, in the PDF and on the command line.
package struct QuantityText: Equatable, Sendable {
    package let value: String
    /// Empty for counts and coefficients.
    package let unit: String

    /// `155.1 ml`
    package var text: String { unit.isEmpty ? value : "\(value) \(unit)" }

    private init(_ value: String, _ unit: String = "") {
        self.value = value
        self.unit = unit
    }

    /// mm³ as ml: one decimal from 10 ml, two below.
    package static func volume(_ cubicMillimetres: Double) -> QuantityText {
        let millilitres = cubicMillimetres / 1000
        return QuantityText(decimal(millilitres, rounded(millilitres, 2) < 10 ? 2 : 1), "ml")
    }

    /// Whole mm: voxels are rarely smaller.
    package static func length(_ millimetres: Double) -> QuantityText { QuantityText(decimal(millimetres, 0), "mm") }

    /// `66 × 40 mm`
    package static func lengths(_ millimetres: Double...) -> QuantityText {
        QuantityText(millimetres.map { decimal($0, 0) }.joined(separator: " × "), "mm")
    }

    package static func area(_ squareMillimetres: Double) -> QuantityText {
        QuantityText(decimal(squareMillimetres, 0), "mm²")
    }

    /// 0...1 as a percentage.
    package static func share(_ share: Double) -> QuantityText { QuantityText(decimal(100 * share, 0), "%") }

    /// Dice, probabilities and other values of 0...1: two decimals.
    package static func coefficient(_ value: Double) -> QuantityText { QuantityText(decimal(value, 2)) }

    package static func count(_ number: Double) -> QuantityText { QuantityText(decimal(number, 0)) }

    private static func decimal(_ value: Double, _ places: Int) -> String {
        String(format: "%.\(places)f", rounded(value, places))
    }

    /// Rounds halves away from zero; values just below a half because of binary fractions (2016.4999999) count as the
    /// half.
    private static func rounded(_ value: Double, _ places: Int) -> Double {
        let scale = pow(10, Double(places))
        let scaled = (value * scale * 1e6).rounded() / 1e6
        return scaled.rounded() / scale
    }
}
