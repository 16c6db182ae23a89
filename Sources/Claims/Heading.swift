/// The lines of a report that name a section.
package enum Heading {
    /// Letters that a heading has at most.
    private static let limit = 80

    /// A short line of capitals that states nothing: one with a number or a full stop does. A script without capitals has no such
    /// lines.
    package static func isOne(_ line: String) -> Bool {
        line.count <= limit && line.contains(where: \.isUppercase)
            && !line.contains { $0.isLowercase || $0.isNumber } && line.last { !$0.isWhitespace } != "."
    }
}
