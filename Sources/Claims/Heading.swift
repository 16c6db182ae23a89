/// The lines of a report that are section headings.
package enum Heading {
    /// The maximum length of a heading in letters.
    private static let limit = 80

    /// Whether a line is a heading: short, in capitals, and without a number or full stop. Scripts without capitals
    /// have none.
    package static func isOne(_ line: String) -> Bool {
        line.count <= limit && line.contains(where: \.isUppercase)
            && !line.contains { $0.isLowercase || $0.isNumber } && line.last { !$0.isWhitespace } != "."
    }
}
