/// Which series of a study are its T1, T1CE, T2 and FLAIR, and why the others are not.
package struct SeriesSelection: Sendable {
    package struct Chosen: Sendable {
        package let series: AssembledSeries
        package let reason: String
        /// Of the series and of the guess.
        package let warnings: [String]
    }

    package struct Rejected: Sendable {
        package let series: AssembledSeries
        package let reason: String
    }

    package let chosen: [SequenceRole: Chosen]
    /// In the order of the series.
    package let rejected: [Rejected]

    private struct Candidate {
        let series: AssembledSeries
        let guess: SequenceGuess
        let grid: LPSGrid
        let isPreferred: Preference
    }

    /// - Throws: `DicomError` if no series can be used.
    package init(_ assembly: SeriesAssembly) throws {
        var rejected: [Int: String] = [:]
        var candidates: [SequenceRole: [(index: Int, candidate: Candidate)]] = [:]
        for (index, series) in assembly.series.enumerated() {
            let guess = SequenceGuess(series.attributes)
            switch (guess.role, series.grid) {
            case (nil, _): rejected[index] = guess.reason
            case (let role?, .failure(let error)):
                rejected[index] = "\(role.displayName), but \(Self.clause(error.message))"
            case (let role?, .success(let grid)):
                let candidate = Candidate(
                    series: series, guess: guess, grid: grid, isPreferred: Preference(series, guess, grid))
                candidates[role, default: []].append((index, candidate))
            }
        }
        var chosen: [SequenceRole: Chosen] = [:]
        for (role, found) in candidates {
            let ranked = found.sorted { $0.candidate.isPreferred < $1.candidate.isPreferred }
            guard let best = ranked.first?.candidate else { continue }
            for (index, candidate) in ranked.dropFirst() {
                let why = best.isPreferred.advantage(over: candidate.isPreferred)
                rejected[index] = "\(role.displayName), but \(Self.lowercased(best.series.name)) \(why)"
            }
            chosen[role] = Self.chosen(best, others: ranked.dropFirst().map(\.candidate))
            if role == .t1, candidates[.t1ce] == nil,
                let pair = try Self.pair(best, ranked.dropFirst().map { ($0.index, $0.candidate) })
            {
                chosen[.t1] = pair.before
                chosen[.t1ce] = pair.after
                rejected[pair.index] = nil
            }
        }
        guard !chosen.isEmpty else {
            let reasons = rejected.sorted { $0.key < $1.key }.prefix(10).map {
                "\(assembly.series[$0.key].name): \($0.value)"
            }
            throw DicomError(
                .noVolume, "No series in the folder can be used. " + reasons.joined(separator: "; ") + ".")
        }
        self.chosen = chosen
        self.rejected = rejected.sorted { $0.key < $1.key }.map {
            Rejected(series: assembly.series[$0.key], reason: $0.value)
        }
    }

    private static func chosen(_ best: Candidate, others: [Candidate], warning: String? = nil) -> Chosen {
        let spacing = best.grid.spacing.map { "\(($0 * 100).rounded() / 100)" }.joined(separator: " × ")
        var warnings = best.series.warnings + best.guess.warnings + (warning.map { [$0] } ?? [])
        if best.guess.isDerived { warnings.append("The images were computed from others.") }
        if others.contains(where: { $0.isPreferred.isEqualInQuality(to: best.isPreferred) }) {
            warnings.append("Another series is equal in description and quality; the one acquired last is used.")
        }
        return Chosen(
            series: best.series, reason: "\(best.guess.reason); \(best.grid.slices) slices, \(spacing) mm",
            warnings: warnings)
    }

    /// Two T1 series of which no attribute says which one was acquired after contrast agent.
    private static func pair(
        _ best: Candidate, _ others: [(index: Int, candidate: Candidate)]
    ) throws -> (before: Chosen, after: Chosen, index: Int)? {
        let equal = others.first { _, other in
            other.grid == best.grid && other.guess.isDerived == best.guess.isDerived
                && other.series.attributes.hasTimes(of: best.series.attributes)
        }
        guard let (index, other) = equal,
            let comparison = EnhancementComparison(try SeriesVolume(best.series), try SeriesVolume(other.series)),
            let isOtherEnhanced = comparison.isSecondEnhanced
        else { return nil }
        let (before, after) = isOtherEnhanced ? (best, other) : (other, best)
        let share = max(comparison.brighter, comparison.darker)
        let warning =
            "No attribute says which of \(before.series.name) and \(after.series.name) was acquired after contrast agent; "
            + "\((share * 1000).rounded() / 10) % of the head is brighter in the latter."
        return (
            chosen(before, others: [], warning: warning), chosen(after, others: [], warning: warning), index
        )
    }

    /// A sentence as part of another.
    private static func clause(_ message: String) -> String {
        let first = message.prefix { $0 != "." }
        return lowercased(String(first))
    }

    private static func lowercased(_ text: String) -> String {
        text.prefix(1).lowercased() + text.dropFirst()
    }
}

extension SeriesAttributes {
    /// Whether the times are those of the same protocol.
    fileprivate func hasTimes(of other: SeriesAttributes) -> Bool {
        let pairs = [
            (repetitionTime, other.repetitionTime), (echoTime, other.echoTime), (inversionTime, other.inversionTime),
        ]
        return pairs.allSatisfy { own, its in
            guard let own, let its else { return own == nil && its == nil }
            return abs(own - its) <= 0.02 * max(own, its)
        }
    }
}
