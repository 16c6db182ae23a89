/// A number of bytes as text: `1000`, `500 MiB`, `2 GiB`.
package struct ByteCount: Sendable, Equatable, CustomStringConvertible {
    package let bytes: Int64

    private struct Unit {
        let name: String
        let bytes: Int64
    }

    /// IEC 80000-13 and SI units, the largest first.
    private static let units = [
        Unit(name: "TiB", bytes: 1 << 40), Unit(name: "TB", bytes: 1_000_000_000_000),
        Unit(name: "GiB", bytes: 1 << 30), Unit(name: "GB", bytes: 1_000_000_000),
        Unit(name: "MiB", bytes: 1 << 20), Unit(name: "MB", bytes: 1_000_000),
        Unit(name: "KiB", bytes: 1 << 10), Unit(name: "kB", bytes: 1000), Unit(name: "B", bytes: 1),
    ]

    package init(_ bytes: Int64) {
        self.bytes = bytes
    }

    /// `nil` if the text is not a whole number of bytes or of a unit, or is too large.
    ///
    /// - Parameter needsUnit: whether a number without a unit, other than 0, is rejected, since people may mean
    ///   megabytes.
    package init?(_ text: String, needsUnit: Bool = false) {
        let text = text.trimmed
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let name = String(text.dropFirst(digits.count)).trimmed.lowercased()
        guard let number = Int64(digits), !(needsUnit && name.isEmpty && number != 0) else { return nil }
        guard let factor = name.isEmpty ? 1 : Self.units.first(where: { $0.name.lowercased() == name })?.bytes else {
            return nil
        }
        let (product, overflows) = number.multipliedReportingOverflow(by: factor)
        guard !overflows else { return nil }
        bytes = product
    }

    /// For use within a sentence.
    package var size: String {
        let text = description
        return text.last?.isNumber == true ? "\(text) bytes" : text
    }

    /// Exact: in the largest unit that divides it.
    package var description: String {
        guard bytes != 0, let unit = Self.units.first(where: { bytes % $0.bytes == 0 }) else { return String(bytes) }
        return "\(bytes / unit.bytes) \(unit.name)"
    }
}
