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

    private static func chosen(_ best: Candidate, others: [Candidate]) -> Chosen {
        let spacing = best.grid.spacing.map { "\(($0 * 100).rounded() / 100)" }.joined(separator: " × ")
        var warnings = best.series.warnings + best.guess.warnings
        if best.guess.isDerived { warnings.append("The images were computed from others.") }
        if others.contains(where: { $0.isPreferred.isEqualInQuality(to: best.isPreferred) }) {
            warnings.append("Another series is equal in description and times; the one acquired last is used.")
        }
        return Chosen(
            series: best.series, reason: "\(best.guess.reason); \(best.grid.slices) slices, \(spacing) mm",
            warnings: warnings)
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
