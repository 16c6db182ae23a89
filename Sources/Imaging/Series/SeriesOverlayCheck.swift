/// Whether a study's series overlay each other, and which of them do not.
package struct SeriesOverlayCheck: Equatable, Sendable {
    package let pairs: [SeriesPair]

    /// Series that agree with none of the others, or all indistinguishable candidates.
    package var misplaced: [MRISequence] {
        var rest = pairs
        var found: [MRISequence] = []
        while rest.contains(where: { $0.margin < 1 }) {
            let names = Self.sequences(rest)
            guard names.count > 2, let worst = names.min(by: { Self.fit($0, rest) < Self.fit($1, rest) }) else {
                return (found + names).sorted()
            }
            found.append(worst)
            rest.removeAll { $0.first == worst || $0.second == worst }
        }
        return found.sorted()
    }

    /// The comparison of two series, in either order; `nil` if one of them was not compared.
    func pair(_ first: MRISequence, _ second: MRISequence) -> SeriesPair? {
        pairs.first { [$0.first, $0.second] == [first, second] || [$0.first, $0.second] == [second, first] }
    }

    /// Sentences for `Review`.
    package var warnings: [String] {
        let misplaced = misplaced
        guard !misplaced.isEmpty else { return [] }
        let others = Self.sequences(pairs).filter { !misplaced.contains($0) }
        guard !others.isEmpty else {
            let subject = misplaced.map(\.displayName).listed
            return [
                "\(subject) do not overlay each other: one of them may be "
                    + (isMirrored(misplaced, misplaced) ? "mirrored." : "shifted, mirrored or of another patient.")
            ]
        }
        return misplaced.map { sequence in
            "\(sequence.displayName) does not overlay \(others.map(\.displayName).listed): it may be "
                + (isMirrored([sequence], others) ? "mirrored." : "shifted, mirrored or of another patient.")
        }
    }

    private func isMirrored(_ some: [MRISequence], _ others: [MRISequence]) -> Bool {
        pairs.filter { pair in
            (some.contains(pair.first) && others.contains(pair.second))
                || (others.contains(pair.first) && some.contains(pair.second))
        }.allSatisfy(\.isMirrored)
    }

    private static func sequences(_ pairs: [SeriesPair]) -> [MRISequence] {
        Set(pairs.flatMap { [$0.first, $0.second] }).sorted()
    }

    /// How well a series overlays the others: the product of its pairs' margins.
    private static func fit(_ sequence: MRISequence, _ pairs: [SeriesPair]) -> Double {
        pairs.filter { $0.first == sequence || $0.second == sequence }.reduce(1) { $0 * $1.margin }
    }
}
