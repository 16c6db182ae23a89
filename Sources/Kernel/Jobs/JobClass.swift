import Storage

/// How long jobs of a kind take and who waits for them. A worker serves some classes and leaves the others alone.
package enum JobClass: String, Sendable, CaseIterable, SQLConvertible {
    // From the shortest to the longest: in this order they get a worker's slots.

    /// Takes seconds, and somebody waits.
    case interactive
    /// Takes minutes and gigabytes.
    case imaging
    /// Takes hours.
    case training

    /// The classes that `text` names, separated by commas, each once; nil where it names none or one that does not exist.
    package static func list(_ text: String) -> [JobClass]? {
        let words = text.lowercased().split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
        let named = words.compactMap(JobClass.init(rawValue:))
        guard !named.isEmpty, named.count == words.count else { return nil }
        return allCases.filter(named.contains)
    }

    /// As settings and columns write it.
    package static func text(_ classes: [JobClass]) -> String { classes.map(\.rawValue).joined(separator: ",") }
}
