import Foundation

@testable import Claims

/// The labelled sentences of `Benchmarks/factcheck`.
struct FactCheckSet {
    struct Entry: Sendable {
        let half: String
        /// `measured`, `unmeasured` or `false:KIND`.
        let label: String
        let study: String
        let sentence: String

        var isFalse: Bool { label.hasPrefix("false:") }
        var kind: String { label.replacing("false:", with: "") }
    }

    static let limits = MethodLimits(minimumVolume: 50, cortexReach: 3, midlineReach: 2)

    let entries: [Entry]
    let checks: [String: ClaimCheck]

    init() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Benchmarks/factcheck")
        let table = try String(contentsOf: folder.appending(path: "sentences.tsv"), encoding: .utf8)
        entries = table.split(separator: "\n").dropFirst().map { line in
            let columns = line.split(separator: "\t").map(String.init)
            return Entry(half: columns[0], label: columns[1], study: columns[2], sentence: columns[3])
        }
        let studies = try JSONDecoder().decode(
            [String: [Row]].self, from: Data(contentsOf: folder.appending(path: "studies.json")))
        checks = studies.mapValues { rows in ClaimCheck(rows.map(\.fact), limits: Self.limits) }
    }

    /// Whether the check reports a sentence as a contradiction, and whether it reports anything as unmeasured.
    func verdict(on entry: Entry) -> (isContradiction: Bool, isUnmeasured: Bool) {
        let remarks = checks[entry.study]?.remarks(on: entry.sentence) ?? []
        return (
            remarks.contains { $0.verdict == .contradicted },
            remarks.contains { $0.verdict == .unsupported && $0.kind == .judgement }
        )
    }

    /// An invented diagnosis counts as caught if it is unmeasured, everything else if it is contradicted.
    func isCaught(_ entry: Entry) -> Bool {
        let verdict = verdict(on: entry)
        return entry.kind == "diagnosis" ? verdict.isUnmeasured || verdict.isContradiction : verdict.isContradiction
    }

    /// A finding in `studies.json`.
    private struct Row: Decodable {
        let id: String
        let kind: String
        let region: String?
        let lesion: Int?
        let quantity: Double?
        let unit: String?
        let term: String?

        private static let kinds: [String: Fact.Kind] = [
            "volume": .volume, "lesion_volume": .volume, "lesion_count": .lesionCount, "part_count": .partCount,
            "part_volume": .partVolume, "maximum_diameter": .maximumDiameter, "axial_diameter": .axialDiameter,
            "perpendicular_diameter": .perpendicularDiameter, "bidimensional_product": .axialProduct, "side": .side,
            "location": .location, "midline_contact": .midlineContact, "cortex_contact": .cortexContact,
            "expected_dice": .predictedDice,
        ]
        private static let regions: [String: Region] = [
            "whole_tumour": .whole, "tumour_core": .core, "enhancing_tumour": .enhancing,
        ]

        /// As displayed: ml with one decimal from 10 and two below.
        private var shown: Double? {
            guard let quantity, unit == "mm3" else { return quantity }
            let step = quantity < 9995 ? 10.0 : 100
            return (quantity / step).rounded() * step
        }

        var fact: Fact {
            Fact(
                id: id, kind: Self.kinds[kind] ?? .other, region: region.flatMap { Self.regions[$0] }, lesion: lesion,
                quantity: quantity.map { ($0, shown ?? $0) }, term: term == "midline" ? "both" : term)
        }
    }
}
