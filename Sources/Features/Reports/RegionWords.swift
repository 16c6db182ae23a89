import Imaging

/// How texts name the regions of a tumour, and which of them a quantity in a text is of.
enum RegionWords {
    /// A piece of a sentence between commas or semicolons, with the regions that its quantities are of.
    struct Clause {
        let text: String
        /// Those that it names, else those of the clause before; empty where none was named yet.
        let regions: Set<TumourRegion>
    }

    // Compiled once: that takes a hundred times as long as to search a sentence. Nothing in them can change.
    nonisolated(unsafe) private static let clauseEnd = /[,;]\s/
    nonisolated(unsafe) private static let otherCore = /(?:necrotic|non-?enhancing) (?:tumou?r )?core/
    nonisolated(unsafe) private static let limits = /(?:at least|below|≥|<) 0\.05 ml|(?:within|[≤>]) 3 mm/
    nonisolated(unsafe) private static let names: [(Regex<Substring>, TumourRegion)] = [
        (#/(?:whole|entire) (?:tumou?r|lesion)|(?:including|incl\.|with) o?edema|\btotal\b/#, .wholeTumour),
        (#/\bcore\b/#, .tumourCore),
        (#/(?:^|[^-a-z])enhancing (?:tumou?r|part|component|portion|foc)/#, .enhancingTumour),
    ]

    static func clauses(of sentence: String) -> [Clause] {
        var regions: Set<TumourRegion> = []
        return sentence.replacing(clauseEnd, with: "\n").split(separator: "\n").map { part in
            let named = Self.regions(in: String(part))
            if !named.isEmpty { regions = named }
            return Clause(text: String(part), regions: regions)
        }
    }

    static func regions(in text: String) -> Set<TumourRegion> {
        let lowered = text.lowercased().replacing(otherCore, with: "")
        return Set(names.filter { lowered.contains($0.0) }.map(\.1))
    }

    /// A text without the limits of the method itself, which no finding measures.
    static func withoutLimits(_ text: String) -> String {
        text.replacing(limits, with: "")
    }
}
