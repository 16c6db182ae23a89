import Storage

/// The duration of a kind of job, and whether someone waits for it. A worker serves only some classes.
package enum JobClass: String, Sendable, CaseIterable, SQLConvertible {
    // From the shortest to the longest: the order in which they get a worker's slots.

    /// Takes seconds, and someone waits for it.
    case interactive
    /// Takes minutes and gigabytes.
    case imaging
    /// Takes hours.
    case training

    /// The classes in `text`, separated by commas, each once; `nil` if there are none or one does not exist.
    package static func list(_ text: String) -> [JobClass]? {
        let words = text.lowercased().split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
        let named = words.compactMap(JobClass.init(rawValue:))
        guard !named.isEmpty, named.count == words.count else { return nil }
        return allCases.filter(named.contains)
    }

    /// As in settings and columns.
    package static func text(_ classes: [JobClass]) -> String { classes.map(\.rawValue).joined(separator: ",") }
}
